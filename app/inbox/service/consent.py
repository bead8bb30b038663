"""Consent: opt-out words, honoured at once and confirmed once, and what an attendant puts on record."""

import uuid
from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import text

from app.contacts.models import Contact
from app.contacts.service.people import opt_in, opt_out
from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.permissions import require
from app.gateways.events import MessageReceived
from app.inbox.models import Ticket
from app.inbox.queries.access import get_ticket
from app.inbox.rules import is_opt_out
from app.inbox.service.recording import record
from app.inbox.service.saying import say
from app.outbox.service import cancel_for_contact

FRESH = timedelta(minutes=10)
SOURCE = "inbox"  # on record as said in a conversation


def set_consent(ticket_id: uuid.UUID, *, is_given: bool) -> Ticket:
    """What the person said in this conversation, put on record by the actor: in the contact's data, in the history of
    the conversation and in the audit log. What stands already keeps its date."""
    require("inbox.use")
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        contact = session.get(Contact, ticket.contact_id, with_for_update=True, populate_existing=True)
        is_out = contact.opted_out_at is not None
        stands = contact.opted_in_at is not None and not is_out if is_given else is_out
        if not stands:
            (opt_in if is_given else opt_out)(ticket.contact_id, SOURCE)
            record(ticket, "consent", details={"is_given": is_given})
    return ticket


def listen(ticket_id: uuid.UUID | None, contact_id: uuid.UUID, event: MessageReceived, at: datetime) -> None:
    """A customer's whole message that is one of the words stops every campaign for the person; the answer is part of
    the conversation."""
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
        if not was_out and ticket_id is not None and clock.now() - at < FRESH:
            say(session.get(Ticket, ticket_id, populate_existing=True), _farewell())


def _farewell() -> str:
    with transaction() as session:
        locale = session.scalar(text("SELECT locale FROM tenants WHERE id = :id"), {"id": current_actor().tenant_id})
    with force_locale(locale or "pt_BR"):
        return _("Pronto! Você não vai mais receber nossas mensagens de divulgação. 👋")
