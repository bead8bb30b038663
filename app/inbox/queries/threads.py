"""One conversation as it is read: messages by pages of time, with what happened between them. A page is six queries,
however long it is."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select, text, tuple_

from app.accounts.models import User
from app.core import clock, paging
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import Invalid, NotFound
from app.inbox.models import Ticket, TicketEvent
from app.inbox.queries.access import get_ticket
from app.media.models import Media
from app.messages import queries as ledger
from app.messages.models import Message

SOON = timedelta(seconds=5)  # further in the future is scheduled, and listed apart

_REACTIONS = text("""
    SELECT DISTINCT ON (reply_to, direction) reply_to, direction, metadata ->> 'reaction' AS emoji FROM messages
    WHERE tenant_id = :tenant AND instance_id = :instance AND type = 'reaction'
        AND reply_to = ANY (cast(:ids AS text[]))
    ORDER BY reply_to, direction, thread_at DESC, id DESC
""")
# Only quotes of this conversation, or of a campaign: another one may be somebody else's.
_QUOTED = text("""
    SELECT r.external_id, m.id, m.type, left(m.body, 300) AS body, m.direction, m.sender_type, m.deleted_at
    FROM external_refs r JOIN messages m ON m.id = r.message_id
    WHERE r.instance_id = :instance AND r.external_id = ANY (cast(:ids AS text[])) AND m.tenant_id = :tenant
        AND m.contact_id = :contact AND (m.ticket_id = :ticket OR m.ticket_id IS NULL)
""")
_ORIGIN = text("""
    SELECT id FROM messages WHERE contact_id = :contact AND campaign_id = :campaign AND instance_id = :instance
        AND tenant_id = :tenant ORDER BY thread_at DESC LIMIT 1
""")


@dataclass(frozen=True)
class Quote:
    message_id: uuid.UUID
    type: str
    text: str
    direction: str
    sender_type: str
    is_deleted: bool


@dataclass(frozen=True)
class Reaction:
    emoji: str
    is_ours: bool


@dataclass(frozen=True)
class ThreadMessage:
    message: Message
    at: datetime
    media: Media | None = None
    user_name: str | None = None
    quote: Quote | None = None
    reactions: tuple[Reaction, ...] = ()
    kind: str = "message"


@dataclass(frozen=True)
class ThreadEvent:
    """Something that happened to the conversation. `names` are the people and queues that `details` mentions by id."""

    event: TicketEvent
    at: datetime
    user_name: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    kind: str = "event"


@dataclass(frozen=True)
class Thread:
    """Oldest first. `older` is the cursor of the page before, None at the beginning."""

    items: list[ThreadMessage | ThreadEvent]
    older: str | None
    first_unread_id: uuid.UUID | None


def thread(ticket_id: uuid.UUID, before: str | None = None, limit: int = 50) -> Thread:
    """A page of the conversation, ending at `before` (or now)."""
    ticket = get_ticket(ticket_id)
    limit = min(max(limit, 1), paging.MAX_LIMIT)
    point = _point(before)
    found = _page(ticket, point, limit + 1)
    has_older = len(found) > limit
    messages = list(reversed(found[:limit]))
    start = messages[0].thread_at if has_older else None
    events = _events(ticket, start, point[0] if point else None)
    if not has_older:
        messages = _origin(ticket) + messages
    items = sorted([*dressed(ticket, messages), *events], key=_order)
    older = paging.encode_cursor(found[limit - 1].thread_at.isoformat(), found[limit - 1].id) if has_older else None
    return Thread(items, older, None if before else _first_unread(ticket))


def thread_message(message_id: uuid.UUID) -> ThreadMessage:
    """One message as the thread draws it. Raises NotFound."""
    message = read_session().get(Message, message_id, populate_existing=True)
    if message is None or message.ticket_id is None:
        raise NotFound(_("Mensagem não encontrada"))
    return dressed(get_ticket(message.ticket_id), [message])[0]


def list_scheduled(ticket_id: uuid.UUID) -> list[Message]:
    """What was written for later and has not gone, soonest first."""
    ticket = get_ticket(ticket_id)
    waiting = (Message.ticket_id == ticket.id, Message.thread_at > clock.now() + SOON, Message.status == "queued")
    wanted = select(Message).where(Message.tenant_id == ticket.tenant_id, *waiting)
    return list(read_session().scalars(wanted.order_by(Message.thread_at, Message.id).limit(100)))


def _order(item: ThreadMessage | ThreadEvent) -> tuple[datetime, str]:
    return item.at, str(item.message.id if isinstance(item, ThreadMessage) else item.event.id)


def _point(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    parts = paging.decode_cursor(cursor, 2)
    if parts is None:
        return None
    try:
        return datetime.fromisoformat(str(parts[0])), uuid.UUID(str(parts[1]))
    except ValueError as error:
        raise Invalid.field("cursor", _("Este ponto da lista não existe mais; comece da primeira página.")) from error


def _page(ticket: Ticket, point: tuple[datetime, uuid.UUID] | None, limit: int) -> Sequence[Message]:
    wanted = select(Message).where(Message.ticket_id == ticket.id, Message.tenant_id == ticket.tenant_id)
    wanted = wanted.where(Message.type != "reaction", Message.thread_at <= clock.now() + SOON)
    if point is not None:
        wanted = wanted.where(tuple_(Message.thread_at, Message.id) < tuple_(*point))
    ordered = wanted.order_by(Message.thread_at.desc(), Message.id.desc()).limit(limit)
    return read_session().scalars(ordered.execution_options(populate_existing=True)).all()


def _origin(ticket: Ticket) -> list[Message]:
    """The campaign's message that this conversation answers."""
    if ticket.campaign_id is None:
        return []
    values = {
        "contact": ticket.contact_id,
        "campaign": ticket.campaign_id,
        "instance": ticket.instance_id,
        "tenant": ticket.tenant_id,
    }
    found = read_session().scalar(_ORIGIN, values)
    message = read_session().get(Message, found) if found else None
    return [message] if message is not None and message.ticket_id is None else []


def _events(ticket: Ticket, start: datetime | None, end: datetime | None) -> list[ThreadEvent]:
    clauses: list[ColumnElement[bool]] = [TicketEvent.ticket_id == ticket.id, TicketEvent.tenant_id == ticket.tenant_id]
    if start is not None:
        clauses.append(TicketEvent.created_at >= start)
    if end is not None:
        clauses.append(TicketEvent.created_at < end)
    events = read_session().scalars(select(TicketEvent).where(*clauses).order_by(TicketEvent.id).limit(500)).all()
    names = _names(events)
    return [ThreadEvent(e, e.created_at, names.get(str(e.user_id)), _mentioned(e, names)) for e in events]


def _names(events: Sequence[TicketEvent]) -> dict[str, str]:
    wanted = {str(event.user_id) for event in events if event.user_id}
    for event in events:
        wanted |= {str(event.details[key]) for key in _REFERENCES if event.details.get(key)}
    if not wanted:
        return {}
    rows = read_session().execute(_NAMES, {"ids": sorted(wanted), "tenant": current_actor().tenant_id})
    return {str(row.id): row.name for row in rows}


_REFERENCES = ("user_id", "queue_id", "from_user_id", "from_queue_id")
_NAMES = text("""
    SELECT id, name FROM users WHERE tenant_id = :tenant AND id = ANY (cast(:ids AS uuid[]))
    UNION ALL SELECT id, name FROM queues WHERE tenant_id = :tenant AND id = ANY (cast(:ids AS uuid[]))
""")


def _mentioned(event: TicketEvent, names: dict[str, str]) -> dict[str, str]:
    return {key: names[str(event.details[key])] for key in _REFERENCES if str(event.details.get(key)) in names}


def dressed(ticket: Ticket, messages: Sequence[Message]) -> list[ThreadMessage]:
    files = ledger.media_of(messages)
    people = _people({message.user_id for message in messages if message.user_id})
    quotes = _quotes(ticket, [m.reply_to for m in messages if m.reply_to])
    reactions = _reactions(ticket, [m.external_id for m in messages if m.external_id])
    return [
        ThreadMessage(
            message=message,
            at=message.thread_at,
            media=files.get(message.media_id) if message.media_id else None,
            user_name=people.get(message.user_id) if message.user_id else None,
            quote=quotes.get(message.reply_to or ""),
            reactions=tuple(reactions.get(message.external_id or "", ())),
        )
        for message in messages
    ]


def _people(user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    if not user_ids:
        return {}
    wanted = select(User.id, User.name).where(User.id.in_(user_ids), User.tenant_id == current_actor().tenant_id)
    return {row.id: row.name for row in read_session().execute(wanted)}


def _quotes(ticket: Ticket, external_ids: list[str]) -> dict[str, Quote]:
    if not external_ids:
        return {}
    values: dict[str, Any] = {"ids": external_ids, "instance": ticket.instance_id, "tenant": ticket.tenant_id}
    values |= {"contact": ticket.contact_id, "ticket": ticket.id}
    return {
        row.external_id: Quote(
            row.id,
            row.type,
            "" if row.deleted_at else row.body,
            row.direction,
            row.sender_type,
            row.deleted_at is not None,
        )
        for row in read_session().execute(_QUOTED, values)
    }


def _reactions(ticket: Ticket, external_ids: list[str]) -> dict[str, list[Reaction]]:
    """The last one of each side; an empty one was taken back."""
    if not external_ids:
        return {}
    values = {"ids": external_ids, "instance": ticket.instance_id, "tenant": ticket.tenant_id}
    found: dict[str, list[Reaction]] = {}
    for row in read_session().execute(_REACTIONS, values):
        if row.emoji:
            found.setdefault(row.reply_to, []).append(Reaction(row.emoji, row.direction == "outbound"))
    return found


def _first_unread(ticket: Ticket) -> uuid.UUID | None:
    if not ticket.unread_count:
        return None
    wanted = select(Message.id).where(
        Message.ticket_id == ticket.id, Message.direction == "inbound", Message.type != "reaction"
    )
    ordered = wanted.order_by(Message.thread_at.desc(), Message.id.desc())
    return read_session().scalar(ordered.offset(ticket.unread_count - 1).limit(1))
