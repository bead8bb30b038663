"""Reads of queues, quick replies, saved filters, and of who attends."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select, text

from app.accounts.models import User
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.permissions import ROLES, can, require
from app.inbox.models import Queue, QueueMember, QuickReply, SavedFilter

_BUSY = text("""
    SELECT user_id, count(*) FROM tickets WHERE tenant_id = :tenant AND status = 'open' AND user_id IS NOT NULL
    GROUP BY user_id
""")


@dataclass(frozen=True)
class Attendant:
    id: uuid.UUID
    name: str
    role: str
    avatar: str | None
    max_tickets: int | None
    open_tickets: int


def list_queues(*, with_inactive: bool = False) -> Sequence[Queue]:
    """The most important first; everybody who attends may know which there are."""
    actor = require("inbox.use")
    wanted = select(Queue).where(Queue.tenant_id == actor.tenant_id)
    if not with_inactive:
        wanted = wanted.where(Queue.is_active)
    return read_session().scalars(wanted.order_by(Queue.priority.desc(), Queue.name)).all()


def get_queue(queue_id: uuid.UUID) -> Queue:
    actor = require("inbox.use")
    found = read_session().get(Queue, queue_id)
    if found is None or found.tenant_id != actor.tenant_id:
        raise NotFound(_("Fila não encontrada"))
    return found


def members_of(queue_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    wanted = select(QueueMember.queue_id, QueueMember.user_id).where(
        QueueMember.queue_id.in_(queue_ids), QueueMember.tenant_id == current_actor().tenant_id
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {queue_id: [] for queue_id in queue_ids}
    for row in read_session().execute(wanted.order_by(QueueMember.user_id)):
        found[row.queue_id].append(row.user_id)
    return found


def list_attendants() -> list[Attendant]:
    """Active people who may attend, by name, with how many conversations each has open."""
    actor = require("inbox.use")
    people = select(User).where(User.tenant_id == actor.tenant_id, User.is_active).order_by(User.name)
    busy = {row.user_id: row.count for row in read_session().execute(_BUSY, {"tenant": actor.tenant_id})}
    return [
        Attendant(one.id, one.name, one.role, one.avatar, one.max_tickets, busy.get(one.id, 0))
        for one in read_session().scalars(people)
        if "inbox.use" in ROLES.get(one.role, ()) or "inbox.use" in one.permissions
    ]


def list_quick_replies(search: str = "", category: str = "") -> Sequence[QuickReply]:
    """Everybody's and the actor's own, by shortcut; `search` looks into shortcut and text."""
    wanted = select(QuickReply).where(*_offered())
    if category:
        wanted = wanted.where(QuickReply.category == category)
    if search.strip():
        words = f"%{search.strip().lstrip('/')}%"
        wanted = wanted.where(QuickReply.shortcut.ilike(words) | QuickReply.content.ilike(words))
    return read_session().scalars(wanted.order_by(QuickReply.shortcut, QuickReply.id).limit(500)).all()


def list_reply_categories() -> Sequence[str]:
    """Those in use among what the actor is offered."""
    wanted = select(QuickReply.category).where(*_offered(), QuickReply.category != "").distinct()
    return read_session().scalars(wanted.order_by(QuickReply.category)).all()


def _offered() -> tuple[ColumnElement[bool], ...]:
    actor = require("inbox.use")
    mine = or_(QuickReply.user_id.is_(None), QuickReply.user_id == actor.user_id)
    return QuickReply.tenant_id == actor.tenant_id, mine


def get_quick_reply(reply_id: uuid.UUID) -> QuickReply:
    """Raises NotFound, also for another person's own one."""
    actor = require("inbox.use")
    found = read_session().get(QuickReply, reply_id)
    if found is None or found.tenant_id != actor.tenant_id or found.user_id not in (None, actor.user_id):
        raise NotFound(_("Resposta rápida não encontrada"))
    return found


def may_edit(reply: QuickReply) -> bool:
    actor = current_actor()
    if reply.user_id is None:
        return can(actor, "queues.manage")
    return reply.user_id == actor.user_id


def list_saved_filters() -> Sequence[SavedFilter]:
    actor = require("inbox.use")
    mine = select(SavedFilter).where(SavedFilter.tenant_id == actor.tenant_id, SavedFilter.user_id == actor.user_id)
    return read_session().scalars(mine.order_by(SavedFilter.name)).all()
