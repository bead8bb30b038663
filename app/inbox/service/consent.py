"""Opt-out words: honoured at once, confirmed once."""

import uuid
from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import text

from app.contacts.models import Contact
from app.contacts.service.people import opt_out
from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.gateways.events import MessageReceived
from app.inbox.rules import is_opt_out
from app.outbox.models import Lane
from app.outbox.service import cancel_for_contact, queue_message

FRESH = timedelta(minutes=10)


def listen(instance_id: uuid.UUID, contact_id: uuid.UUID, event: MessageReceived, at: datetime) -> None:
    """A customer's whole message that is one of the words stops every campaign for the person."""
    if event.from_me or event.content.type not in ("text", "button") or not is_opt_out(event.content.text):
        return
    with transaction() as session:
        contact = session.get(Contact, contact_id, with_for_update=True)
        if contact is None:
            return
        was_out = contact.opted_out_at is not None
        if not was_out:
            opt_out(contact_id, source="message")
        cancel_for_contact(contact_id)
        if not was_out and clock.now() - at < FRESH:
            queue_message(
                instance_id,
                contact_id=contact_id,
                body=_farewell(),
                lane=Lane.HIGH,
                sender_type="system",
            )


def _farewell() -> str:
    with transaction() as session:
        locale = session.scalar(text("SELECT locale FROM tenants WHERE id = :id"), {"id": current_actor().tenant_id})
    with force_locale(locale or "pt_BR"):
        return _("Pronto! Você não vai mais receber nossas mensagens de divulgação. 👋")
