"""Conversations that fell silent: the customer is told, and some time later it closes by itself."""

import uuid
from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import text

from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict
from app.inbox.models import Ticket
from app.inbox.service import saying
from app.inbox.service.tickets import finish

MOST = 200
# Only where we spoke last: whoever waits for an answer of ours is never sent away.
_SILENT = text("""
    SELECT id FROM tickets WHERE tenant_id = :tenant AND status = 'open' AND auto_close_warned_at IS NULL
        AND last_message_at < :before AND last_inbound_at IS NOT NULL AND last_inbound_at < last_message_at
        AND unread_count = 0
    ORDER BY last_message_at LIMIT :most
""")
_WARNED = text("""
    SELECT id FROM tickets WHERE tenant_id = :tenant AND status = 'open' AND auto_close_warned_at < :before
    ORDER BY auto_close_warned_at LIMIT :most
""")


def close_silent() -> int:
    """Warn and close what the company's settings say. How many closed."""
    settings, locale = saying.settings_and_locale()
    if not settings.auto_close_hours:
        return 0
    now = clock.now()
    warning = timedelta(minutes=settings.auto_close_warning_minutes)
    for ticket_id in _ids(_SILENT, now - timedelta(hours=settings.auto_close_hours)):
        _warn(ticket_id, settings.auto_close_text, locale)
    closed = [ticket_id for ticket_id in _ids(_WARNED, now - warning) if _close(ticket_id)]
    return len(closed)


def _ids(statement: object, before: datetime) -> list[uuid.UUID]:
    values = {"tenant": current_actor().tenant_id, "before": before, "most": MOST}
    with transaction() as session:
        return list(session.scalars(statement, values))  # type: ignore[call-overload]


def _warn(ticket_id: uuid.UUID, own_words: str, locale: str) -> None:
    with transaction() as session:
        ticket = _locked(ticket_id)
        if ticket is None or ticket.auto_close_warned_at is not None or ticket.unread_count:
            return
        with force_locale(locale):
            words = own_words or _("Ainda está por aí? Se não precisar de mais nada, vamos encerrar este atendimento.")
        saying.say(ticket, words)
        ticket.auto_close_warned_at = clock.now()
        session.flush()


def _close(ticket_id: uuid.UUID) -> bool:
    """False when the customer, or an attendant, spoke meanwhile."""
    with transaction():
        ticket = _locked(ticket_id)
        if ticket is None or ticket.auto_close_warned_at is None:
            return False
        try:
            finish(ticket, "auto_closed")
        except Conflict:
            return False
    return True


def _locked(ticket_id: uuid.UUID) -> Ticket | None:
    with transaction() as session:
        ticket = session.get(Ticket, ticket_id, with_for_update=True, populate_existing=True)
    return ticket if ticket is not None and ticket.status == "open" else None
