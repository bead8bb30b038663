"""What the company itself tells the customer: who is there, the menu, the hours, the question for a grade."""

from datetime import datetime, timedelta

import structlog
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import text

from app.accounts.models import User
from app.accounts.queries import find_own_tenant
from app.core import clock
from app.core.db import transaction
from app.core.errors import AppError
from app.inbox.models import Ticket
from app.inbox.queries.settings import InboxSettings, read_settings
from app.messages.models import Message
from app.outbox.models import Lane
from app.outbox.service import queue_message
from app.templates.rules import render

log = structlog.get_logger(__name__)
_TAKEN_BEFORE = text("""
    SELECT count(*) FROM ticket_events WHERE ticket_id = :ticket AND user_id = :user AND kind = 'taken'
""")


def say(ticket: Ticket, body: str) -> Message | None:
    """A message of the system in this conversation; None when the person or the number can't be written to."""
    if not body.strip():
        return None
    try:
        return queue_message(
            ticket.instance_id,
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            body=body,
            lane=Lane.HIGH,
            sender_type="system",
        )
    except AppError as exc:
        log.info("not_said", ticket_id=str(ticket.id), code=exc.code)
        return None


def settings_and_locale() -> tuple[InboxSettings, str]:
    tenant = find_own_tenant()
    return read_settings(tenant.settings if tenant else None), (tenant.locale if tenant else "pt_BR")


def announce(ticket: Ticket) -> None:
    """The customer learns who is there, once per person and conversation."""
    settings, locale = settings_and_locale()
    if not settings.announce or ticket.last_inbound_at is None:
        return
    with transaction() as session:
        times = session.scalar(_TAKEN_BEFORE, {"ticket": ticket.id, "user": ticket.user_id}) or 0
        user = session.get(User, ticket.user_id)
    if times > 1 or user is None:
        return
    with force_locale(locale):
        words = settings.announce_text or _("Olá! Aqui é {atendente}. Vou continuar seu atendimento. 🙂")
    say(ticket, render(words, {"atendente": user.name.split()[0] if user.name else ""}))


def ask_rating(ticket: Ticket, wanted: bool | None) -> datetime | None:
    """Until when a grade is waited for; None when it was not asked."""
    settings, locale = settings_and_locale()
    asks = settings.ask_rating if wanted is None else wanted
    if not asks or ticket.last_inbound_at is None:
        return None
    with force_locale(locale):
        words = settings.rating_text or _("Que nota você dá para este atendimento, de 1 a 5? Responda só com o número.")
    if say(ticket, words) is None:
        return None
    return clock.now() + timedelta(hours=settings.rating_hours)


def thank_for_rating(ticket: Ticket) -> None:
    _settings, locale = settings_and_locale()
    with force_locale(locale):
        words = _("Obrigado pela sua nota! 💚")
    say(ticket, words)
