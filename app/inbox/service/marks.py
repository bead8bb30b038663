"""Small marks on a conversation: priority, tags, read and unread."""

import uuid
from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import delete, select, text

from app.contacts.models import Tag
from app.core import clock
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.inbox.models import PRIORITIES, Ticket, TicketTag
from app.inbox.queries import get_settings, get_ticket
from app.inbox.service.recording import record

MOST_READ = 200

_READ = text("""
    UPDATE tickets SET unread_count = 0, updated_at = :now WHERE id = :id AND unread_count > 0 RETURNING id
""")
_READ_MESSAGES = text("""
    UPDATE messages SET read_at = :now WHERE id IN (
        SELECT id FROM messages WHERE ticket_id = :id AND tenant_id = :tenant AND direction = 'inbound'
            AND type <> 'reaction' ORDER BY thread_at DESC, messages.id DESC LIMIT :most)
        AND read_at IS NULL RETURNING id
""")
_READ_MENTIONS = text("""
    UPDATE mentions SET read_at = :now WHERE ticket_id = :id AND user_id = :user AND read_at IS NULL
""")
_UNREAD = text("""
    UPDATE tickets SET unread_count = greatest(unread_count, 1), updated_at = :now WHERE id = :id AND status <> 'closed'
    RETURNING id
""")


def set_priority(ticket_id: uuid.UUID, priority: str) -> Ticket:
    require("inbox.use")
    if priority not in PRIORITIES:
        raise Invalid.field("priority", _("Escolha uma prioridade da lista"))
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        if ticket.priority != priority:
            before, ticket.priority = ticket.priority, priority
            session.flush()
            record(ticket, "priority", details={"from": before, "to": priority})
    return ticket


def set_tags(ticket_id: uuid.UUID, tag_ids: Collection[uuid.UUID]) -> Ticket:
    """Exactly these. Raises Invalid for a tag that doesn't exist."""
    require("inbox.use")
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        wanted = _known_tags(tag_ids)
        mine = select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket.id)
        before = set(session.scalars(mine))
        if before == set(wanted):
            return ticket
        session.execute(
            delete(TicketTag).where(TicketTag.ticket_id == ticket.id, TicketTag.tag_id.in_(before - set(wanted)))
        )
        session.add_all(TicketTag(ticket_id=ticket.id, tag_id=tag_id) for tag_id in wanted if tag_id not in before)
        session.flush()
        record(ticket, "tags", details={"tags": sorted(wanted.values())})
    return ticket


def add_tags(ticket_id: uuid.UUID, tag_ids: Collection[uuid.UUID]) -> Ticket:
    with transaction() as session:
        known = session.scalars(select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket_id)).all()
        return set_tags(ticket_id, [*known, *tag_ids])


def _known_tags(tag_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    wanted = set(tag_ids)
    with transaction() as session:
        mine = select(Tag).where(Tag.id.in_(wanted), Tag.tenant_id == current_actor().tenant_id)
        found = {tag.id: tag.name for tag in session.scalars(mine)}
    if wanted - set(found):
        raise Invalid.field("tag_ids", _("Esta etiqueta não existe mais"))
    return found


def mark_read(ticket_id: uuid.UUID) -> Ticket:
    """Nothing is unread any more; WhatsApp hears of it when the company's settings say so."""
    require("inbox.use")
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        most = min(ticket.unread_count, MOST_READ)
        session.execute(_READ_MENTIONS, {"id": ticket.id, "user": current_actor().user_id, "now": clock.now()})
        if session.scalar(_READ, {"id": ticket.id, "now": clock.now()}) is None:
            return ticket
        values = {"id": ticket.id, "tenant": ticket.tenant_id, "now": clock.now(), "most": most}
        read = session.scalars(_READ_MESSAGES, values).all()
        session.refresh(ticket)
        emit("ticket.changed", ticket_id=ticket.id, change="read")
        if read and get_settings().mark_read:
            enqueue(
                "inbox.mark_read",
                tenant_id=ticket.tenant_id,
                instance_id=ticket.instance_id,
                message_ids=[str(message_id) for message_id in read],
            )
    return ticket


def mark_unread(ticket_id: uuid.UUID) -> Ticket:
    """A reminder to come back; only here, WhatsApp keeps its marks."""
    require("inbox.use")
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        if session.scalar(_UNREAD, {"id": ticket.id, "now": clock.now()}) is not None:
            session.refresh(ticket)
            emit("ticket.changed", ticket_id=ticket.id, change="unread")
    return ticket
