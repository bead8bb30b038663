"""Reads of the ledger."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, column, false, func, or_, select, table, tuple_

from app.core import ids, paging
from app.core.context import Actor, current_actor
from app.core.db import read_session
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.paging import Page
from app.core.permissions import can
from app.media.models import Media
from app.messages.models import Message, MessageEvent

COUNT_TO = 100_000  # an exact total further than anybody pages would read the whole ledger each time

# Conversations are a feature above; who may see a message depends on two columns of theirs.
_TICKETS = table(
    "tickets", *map(column, ("id", "tenant_id", "user_id", "status", "contact_id", "instance_id", "queue_id"))
)
_MEMBERS = table("queue_members", *map(column, ("queue_id", "user_id")))
_EXACT = ("ticket_id", "contact_id", "instance_id", "campaign_id", "direction", "status")


@dataclass(frozen=True)
class Conversation:
    """Whom and through which number an answer goes."""

    id: uuid.UUID
    contact_id: uuid.UUID
    instance_id: uuid.UUID


def get_message(message_id: uuid.UUID) -> Message:
    """Raises Forbidden for who sees no messages at all, NotFound for what isn't theirs to see."""
    found = read_session().scalars(_seen().where(Message.id == message_id)).one_or_none()
    if found is None:
        raise NotFound(_("Mensagem não encontrada"))
    return found


def list_messages(
    page: int = 1, limit: int = 50, cursor: str | None = None, since: datetime | None = None,
    until: datetime | None = None, **exact: Any
) -> Page[Message]:  # fmt: skip
    """Newest first. `since` and `until` (both included) are about when the message was written here; `exact` filters
    by equality: ticket_id, contact_id, instance_id, campaign_id, direction, status. `total` stops at COUNT_TO."""
    page, limit = paging.clamp(page, limit)
    wanted = _seen().where(*_conditions(since, until, exact))
    total = read_session().scalar(select(func.count()).select_from(_short(wanted))) or 0
    order = (Message.thread_at, Message.id) if exact.get("ticket_id") or exact.get("contact_id") else (Message.id,)
    ordered = wanted.order_by(*(part.desc() for part in order))
    after = _after(cursor, order)
    ordered = ordered.where(after) if after is not None else ordered.offset((page - 1) * limit)
    rows = read_session().scalars(ordered.limit(limit + 1)).all()
    following = _cursor_of(rows[limit - 1], order) if len(rows) > limit else None
    return Page(rows[:limit], total, page, limit, following)


def list_events(message_id: uuid.UUID) -> Sequence[MessageEvent]:
    """A message's life, oldest first. Ask `get_message` before: events carry no owner of their own."""
    mine = MessageEvent.tenant_id == current_actor().tenant_id
    wanted = select(MessageEvent).where(mine, MessageEvent.message_id == message_id)
    return read_session().scalars(wanted.order_by(MessageEvent.at, MessageEvent.id)).all()


def media_of(messages: Collection[Message]) -> Mapping[uuid.UUID, Media]:
    wanted = {message.media_id for message in messages if message.media_id}
    if not wanted:
        return {}
    mine = select(Media).where(Media.tenant_id == current_actor().tenant_id, Media.id.in_(wanted))
    return {media.id: media for media in read_session().scalars(mine)}


def _seen() -> Select[tuple[Message]]:
    actor = current_actor()
    everything = select(Message).where(Message.tenant_id == actor.tenant_id)
    if can(actor, "inbox.all"):
        return everything
    parts = _parts(actor)
    if not parts:
        raise Forbidden
    return everything.where(or_(*parts))


def _parts(actor: Actor) -> list[ColumnElement[bool]]:
    """Agents: their own conversations, those that wait for anybody, what they sent. Readers: campaigns."""
    parts: list[ColumnElement[bool]] = []
    if can(actor, "inbox.use"):
        parts.append(Message.ticket_id.in_(seen_tickets(actor)))
    if can(actor, "inbox.use") or can(actor, "messages.send"):
        parts.append(Message.user_id == actor.user_id if actor.user_id else false())
    if can(actor, "campaigns.read"):
        parts.append(Message.campaign_id.is_not(None))
    return parts


def seen_tickets(actor: Actor) -> Select[tuple[uuid.UUID]]:
    """Ids of the conversations an agent may open: their own, and those that wait in no queue or in one of theirs."""
    queues = select(_MEMBERS.c.queue_id).where(_MEMBERS.c.user_id == actor.user_id)
    reachable = or_(_TICKETS.c.queue_id.is_(None), _TICKETS.c.queue_id.in_(queues))
    waiting = (_TICKETS.c.status == "pending") & _TICKETS.c.user_id.is_(None) & reachable
    mine = or_(_TICKETS.c.user_id == actor.user_id, waiting)
    return select(_TICKETS.c.id).where(_TICKETS.c.tenant_id == actor.tenant_id, mine)


def get_conversation(ticket_id: uuid.UUID) -> Conversation:
    """Raises NotFound, also for one the actor may not open."""
    actor = current_actor()
    wanted = select(_TICKETS.c.id, _TICKETS.c.contact_id, _TICKETS.c.instance_id)
    wanted = wanted.where(_TICKETS.c.id == ticket_id, _TICKETS.c.tenant_id == actor.tenant_id)
    if not can(actor, "inbox.all"):
        wanted = wanted.where(_TICKETS.c.id.in_(seen_tickets(actor)))
    row = read_session().execute(wanted).one_or_none()
    if row is None:
        raise NotFound(_("Conversa não encontrada"))
    return Conversation(*row)


def _conditions(since: datetime | None, until: datetime | None, exact: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Times become bounds of the id, so that only their months are read."""
    found = [getattr(Message, name) == exact[name] for name in _EXACT if exact.get(name) is not None]
    if since is not None:
        found.append(Message.id >= ids.lower_bound(since))
    if until is not None:
        found.append(Message.id < ids.lower_bound(until + timedelta(milliseconds=1)))
    return found


def _short(wanted: Select[tuple[Message]]) -> Any:
    return wanted.with_only_columns(Message.id).limit(COUNT_TO).subquery()


def _after(cursor: str | None, order: tuple[Any, ...]) -> ColumnElement[bool] | None:
    parts = paging.decode_cursor(cursor, len(order))
    if parts is None:
        return None
    try:
        last = uuid.UUID(str(parts[-1]))
        before = (datetime.fromisoformat(str(parts[0])), last) if len(order) == 2 else (last,)
    except ValueError as error:
        raise Invalid.field("cursor", _("Este ponto da lista não existe mais; comece da primeira página.")) from error
    return tuple_(*order) < tuple_(*before)


def _cursor_of(row: Message, order: tuple[Any, ...]) -> str:
    return paging.encode_cursor(*((row.thread_at.isoformat(), row.id) if len(order) == 2 else (row.id,)))
