"""Who sees which conversation: managers all, attendants their own and those that wait in their queues."""

import uuid
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, false, or_, select

from app.core.context import Actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.permissions import can, require
from app.inbox.models import QueueMember, Ticket


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition on tickets for this actor, who holds `inbox.use`."""
    mine = Ticket.tenant_id == actor.tenant_id
    if can(actor, "inbox.all"):
        return mine
    own = Ticket.user_id == actor.user_id if actor.user_id else false()
    return mine & or_(own, waiting_for(actor))


def waiting_for(actor: Actor) -> ColumnElement[bool]:
    """Pending, nobody's, and in no queue or one of the actor's."""
    nobodys = (Ticket.status == "pending") & Ticket.user_id.is_(None)
    if can(actor, "inbox.all"):
        return nobodys
    return nobodys & (Ticket.queue_id.is_(None) | Ticket.queue_id.in_(own_queues(actor)))


def own_queues(actor: Actor):  # type: ignore[no-untyped-def]
    return select(QueueMember.queue_id).where(
        QueueMember.tenant_id == actor.tenant_id, QueueMember.user_id == actor.user_id
    )


def get_ticket(ticket_id: uuid.UUID) -> Ticket:
    """Raises NotFound, also for one that the actor may not see."""
    actor = require("inbox.use")
    wanted = select(Ticket).where(Ticket.id == ticket_id, visible(actor))
    found = read_session().scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(_("Conversa não encontrada"))
    return found


@dataclass(frozen=True)
class Contested:
    """Somebody else's now, though it could have been the actor's a moment ago."""

    user_id: uuid.UUID | None
    status: str


def find_contested(ticket_id: uuid.UUID) -> Contested | None:
    """A ticket of the actor's queues (or of none) whoever has it; for telling who was faster, nothing else."""
    actor = require("inbox.use")
    wanted = select(Ticket.user_id, Ticket.status).where(Ticket.id == ticket_id, Ticket.tenant_id == actor.tenant_id)
    if not can(actor, "inbox.all"):
        wanted = wanted.where(Ticket.queue_id.is_(None) | Ticket.queue_id.in_(own_queues(actor)))
    row = read_session().execute(wanted).one_or_none()
    return Contested(row.user_id, row.status) if row else None


def may_see(ticket_id: uuid.UUID) -> bool:
    actor = require("inbox.use")
    wanted = select(Ticket.id).where(Ticket.id == ticket_id, visible(actor))
    return read_session().scalar(wanted) is not None
