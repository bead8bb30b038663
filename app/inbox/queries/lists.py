"""The list of conversations, in pages by key that stay flat at any depth."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, func, select, tuple_

from app.accounts.models import User
from app.contacts.models import Contact, Tag
from app.core import paging
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import Invalid
from app.core.paging import Page
from app.core.permissions import require
from app.inbox.models import Queue, Ticket, TicketTag
from app.inbox.queries.access import visible
from app.inbox.queries.filters import TicketFilter, clauses_of, count_of
from app.instances.models import Instance
from app.messages.models import Message

PREVIEW = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TagRef:
    id: uuid.UUID
    name: str
    color: str


@dataclass(frozen=True)
class LastMessage:
    id: uuid.UUID
    text: str
    type: str
    direction: str
    status: str
    sender_type: str
    at: datetime
    is_deleted: bool = False


@dataclass(frozen=True)
class TicketRow:
    id: uuid.UUID
    contact_id: uuid.UUID
    contact_name: str
    contact_phone: str | None
    contact_avatar: str | None
    instance_id: uuid.UUID
    instance_name: str
    status: str
    mode: str
    priority: str
    needs_human_attention: bool
    queue_id: uuid.UUID | None
    queue_name: str | None
    queue_color: str | None
    user_id: uuid.UUID | None
    user_name: str | None
    unread_count: int
    last_message: LastMessage | None
    last_message_at: datetime | None
    last_inbound_at: datetime | None
    first_response_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    rating: int | None
    tags: tuple[TagRef, ...] = field(default=())

    @property
    def key(self) -> str:
        """Sorts as the list does, as plain text: the page keeps its rows in order by it."""
        since = (self.last_message_at or self.created_at) - EPOCH
        return f"{since // timedelta(microseconds=1):020d}{self.id}"

    @property
    def cursor(self) -> str:
        """`list_tickets` goes on after this row."""
        return _cursor_of(self)


def list_tickets(
    tab: str = "all", filters: TicketFilter | None = None, cursor: str | None = None, limit: int = 30
) -> Page[TicketRow]:
    """Newest activity first, unless the filter says otherwise. `next_cursor` goes on; `total` stops at COUNT_TO."""
    actor = require("inbox.use")
    asked = filters or TicketFilter()
    clauses = clauses_of(actor, tab, asked)
    page, limit = paging.clamp(1, limit)
    order = (
        [Ticket.last_message_at, Ticket.id] if asked.oldest_first else [Ticket.last_message_at.desc(), Ticket.id.desc()]
    )
    wanted = _rows().where(*clauses, *_after(cursor, asked.oldest_first)).order_by(*order)
    found = read_session().execute(wanted.limit(limit + 1)).all()
    total = read_session().scalar(select(count_of(*clauses))) or 0
    following = _cursor_of(found[limit - 1]) if len(found) > limit else None
    return Page(_with_tags(found[:limit]), total, page, limit, following)


def list_numbered(filters: TicketFilter, page: int, limit: int, tab: str = "all") -> Page[TicketRow]:
    """The API's numbered pages."""
    actor = require("inbox.use")
    clauses = clauses_of(actor, tab, filters)
    page, limit = paging.clamp(page, limit)
    ordered = _rows().where(*clauses).order_by(Ticket.last_message_at.desc(), Ticket.id.desc())
    found = read_session().execute(ordered.limit(limit + 1).offset((page - 1) * limit)).all()
    total = read_session().scalar(select(count_of(*clauses))) or 0
    following = _cursor_of(found[limit - 1]) if len(found) > limit else None
    return Page(_with_tags(found[:limit]), total, page, limit, following)


def rows_of(ticket_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, TicketRow]:
    """Those among them that the actor may see; for redrawing single rows."""
    actor = require("inbox.use")
    if not ticket_ids:
        return {}
    found = read_session().execute(_rows().where(Ticket.id.in_(ticket_ids), visible(actor))).all()
    return {row.id: row for row in _with_tags(found)}


def row_after_change(ticket_id: uuid.UUID) -> TicketRow:
    """What the actor has just changed, also when the change took it out of their sight. Ask the verb first."""
    mine = Ticket.tenant_id == current_actor().tenant_id
    return _with_tags(read_session().execute(_rows().where(Ticket.id == ticket_id, mine)).all())[0]


def get_row(ticket_id: uuid.UUID) -> TicketRow | None:
    return rows_of([ticket_id]).get(ticket_id)


def _rows() -> Select[Any]:
    tenant_id = current_actor().tenant_id
    last = [
        Message.id.label("m_id"),
        func.left(Message.body, PREVIEW).label("m_text"),
        Message.type.label("m_type"),
        Message.direction.label("m_direction"),
        Message.status.label("m_status"),
        Message.sender_type.label("m_sender"),
        Message.thread_at.label("m_at"),
        Message.deleted_at.label("m_deleted"),
    ]
    people = [
        Contact.name.label("contact_name"),
        Contact.phone.label("contact_phone"),
        Contact.avatar.label("contact_avatar"),
        Instance.name.label("instance_name"),
        Queue.name.label("queue_name"),
        Queue.color.label("queue_color"),
        User.name.label("user_name"),
    ]
    own = [getattr(Ticket, name) for name in _OWN]
    return (
        select(*own, *people, *last)
        .join(Contact, (Contact.id == Ticket.contact_id) & (Contact.tenant_id == tenant_id))
        .join(Instance, (Instance.id == Ticket.instance_id) & (Instance.tenant_id == tenant_id))
        .outerjoin(Queue, (Queue.id == Ticket.queue_id) & (Queue.tenant_id == tenant_id))
        .outerjoin(User, (User.id == Ticket.user_id) & (User.tenant_id == tenant_id))
        .outerjoin(Message, (Message.id == Ticket.last_message_id) & (Message.tenant_id == tenant_id))
    )


_OWN = ("id", "contact_id", "instance_id", "status", "mode", "priority", "needs_human_attention", "queue_id", "user_id",
        "unread_count", "last_message_at", "last_inbound_at", "first_response_at", "created_at", "closed_at",
        "rating")  # fmt: skip
_JOINED = ("contact_name", "contact_phone", "contact_avatar", "instance_name", "queue_name", "queue_color", "user_name")


def _with_tags(found: Sequence[Any]) -> list[TicketRow]:
    tags = tags_of([row.id for row in found])
    return [
        TicketRow(
            **{name: getattr(row, name) for name in (*_OWN, *_JOINED)},
            last_message=_last(row),
            tags=tuple(tags.get(row.id, ())),
        )
        for row in found
    ]


def _last(row: Any) -> LastMessage | None:
    if row.m_id is None:
        return None
    text = "" if row.m_deleted else row.m_text
    return LastMessage(
        row.m_id, text, row.m_type, row.m_direction, row.m_status, row.m_sender, row.m_at, row.m_deleted is not None
    )


def tags_of(ticket_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[TagRef]]:
    if not ticket_ids:
        return {}
    wanted = (
        select(TicketTag.ticket_id, Tag.id, Tag.name, Tag.color)
        .join(Tag, Tag.id == TicketTag.tag_id)
        .where(TicketTag.ticket_id.in_(ticket_ids), TicketTag.tenant_id == current_actor().tenant_id)
        .order_by(Tag.name)
    )
    found: dict[uuid.UUID, list[TagRef]] = {}
    for ticket_id, *tag in read_session().execute(wanted):
        found.setdefault(ticket_id, []).append(TagRef(*tag))
    return found


def _after(cursor: str | None, up: bool) -> list[ColumnElement[bool]]:
    parts = paging.decode_cursor(cursor, 2)
    if parts is None:
        return []
    try:
        point = (datetime.fromisoformat(str(parts[0])), uuid.UUID(str(parts[1])))
    except ValueError as error:
        raise Invalid.field("cursor", _("Este ponto da lista não existe mais; comece da primeira página.")) from error
    place = tuple_(Ticket.last_message_at, Ticket.id)
    return [place > tuple_(*point) if up else place < tuple_(*point)]


def _cursor_of(row: Any) -> str:
    return paging.encode_cursor(row.last_message_at.isoformat(), row.id)
