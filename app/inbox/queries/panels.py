"""Who the other person is, beside the conversation."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text

from app.contacts.models import Contact, ContactTag, Tag
from app.core.db import read_session
from app.core.permissions import can, require
from app.inbox.models import Ticket
from app.inbox.queries.access import get_ticket, visible
from app.inbox.queries.lists import TagRef, tags_of

MOST = 20
_CAMPAIGNS = text("""
    SELECT c.id, c.name, m.status, m.at, m.replied_at FROM (
        SELECT DISTINCT ON (campaign_id) campaign_id, status, coalesce(sent_at, created_at) AS at, replied_at
        FROM messages WHERE contact_id = :contact AND tenant_id = :tenant AND campaign_id IS NOT NULL
        ORDER BY campaign_id, thread_at DESC) m
    JOIN campaigns c ON c.id = m.campaign_id ORDER BY m.at DESC LIMIT :most
""")
_NOTES = text("""
    SELECT m.id, m.body, m.thread_at AS at, u.name AS user_name FROM messages m LEFT JOIN users u ON u.id = m.user_id
    WHERE m.ticket_id = :ticket AND m.tenant_id = :tenant AND m.is_private
    ORDER BY m.thread_at DESC, m.id DESC LIMIT :most
""")
_EARLIER = ("id", "status", "created_at", "closed_at", "rating", "user_id", "queue_id", "last_message_at")


@dataclass(frozen=True)
class EarlierTicket:
    id: uuid.UUID
    status: str
    created_at: datetime
    closed_at: datetime | None
    rating: int | None
    user_id: uuid.UUID | None
    queue_id: uuid.UUID | None
    last_message_at: datetime | None


@dataclass(frozen=True)
class ContactPanel:
    """`campaigns`: {id, name, status, at, replied_at}, newest first, empty for who may not see campaigns;
    `notes`: this conversation's private notes {id, body, at, user_name}."""

    ticket: Ticket
    contact: Contact
    contact_tags: list[TagRef]
    ticket_tags: list[TagRef]
    earlier: list[EarlierTicket]
    campaigns: Sequence[Row[Any]]
    notes: Sequence[Row[Any]]


def contact_panel(ticket_id: uuid.UUID) -> ContactPanel:
    """Earlier conversations are those that the actor may see."""
    actor = require("inbox.use")
    ticket = get_ticket(ticket_id)
    session = read_session()
    contact = session.get(Contact, ticket.contact_id, populate_existing=True)
    earlier = select(*(getattr(Ticket, name) for name in _EARLIER)).where(
        Ticket.contact_id == ticket.contact_id, Ticket.id != ticket.id, visible(actor)
    )
    scope = {"contact": ticket.contact_id, "ticket": ticket.id, "tenant": actor.tenant_id, "most": MOST}
    return ContactPanel(
        ticket=ticket,
        contact=contact,  # type: ignore[arg-type]
        contact_tags=_contact_tags(ticket.contact_id),
        ticket_tags=tags_of([ticket.id]).get(ticket.id, []),
        earlier=[EarlierTicket(*row) for row in session.execute(earlier.order_by(Ticket.id.desc()).limit(MOST))],
        campaigns=session.execute(_CAMPAIGNS, scope).all() if can(actor, "campaigns.read") else [],
        notes=session.execute(_NOTES, scope).all(),
    )


def _contact_tags(contact_id: uuid.UUID) -> list[TagRef]:
    wanted = select(Tag.id, Tag.name, Tag.color).join(ContactTag, ContactTag.tag_id == Tag.id)
    rows = read_session().execute(wanted.where(ContactTag.contact_id == contact_id).order_by(Tag.name))
    return [TagRef(*row) for row in rows]
