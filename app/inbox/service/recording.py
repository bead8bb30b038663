"""What every verb leaves behind: the changed row, a line in the thread, the audit log, the fact."""

import uuid
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text, update

from app.accounts.models import User
from app.core import clock, realtime
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import after_commit, transaction
from app.core.errors import Conflict
from app.core.facts import emit
from app.inbox.models import Ticket, TicketEvent
from app.inbox.service.audience import ticket_room

_END_ASSIGNMENT = text("""
    UPDATE ticket_events SET completed_at = :now
    WHERE ticket_id = :ticket AND assigned_at IS NOT NULL AND completed_at IS NULL
""")
_PLACE = ("status", "user_id", "queue_id")


def change(ticket: Ticket, **values: Any) -> bool:
    """Write `values` if the ticket still stands where it was read; whether it did."""
    seen = [getattr(Ticket, name).is_not_distinct_from(getattr(ticket, name)) for name in _PLACE]
    statement = update(Ticket).where(Ticket.id == ticket.id, Ticket.tenant_id == ticket.tenant_id, *seen)
    with transaction() as session:
        done = session.scalars(
            statement.values(**values, updated_at=clock.now()).returning(Ticket),
            execution_options={"synchronize_session": False, "populate_existing": True},
        ).one_or_none()
    return done is not None


def change_or_refuse(ticket: Ticket, **values: Any) -> dict[str, Any]:
    """What the ticket was before. Raises Conflict, naming who was faster."""
    was = place(ticket)
    if not change(ticket, **values):
        raise Conflict(taken_words(ticket.id), code="changed")
    return was


def place(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in _PLACE}


def taken_words(ticket_id: uuid.UUID) -> str:
    with transaction() as session:
        ticket = session.get(Ticket, ticket_id, populate_existing=True)
        owner = session.get(User, ticket.user_id) if ticket is not None and ticket.user_id else None
    if ticket is not None and ticket.status == "closed":
        return _("Esta conversa já foi encerrada")
    if owner is None:
        return _("Esta conversa mudou enquanto você olhava; atualize e tente de novo")
    return _("%(name)s já está atendendo esta conversa", name=owner.name)


def record(
    ticket: Ticket,
    kind: str,
    was: dict[str, Any] | None = None,
    *,
    details: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> TicketEvent:
    """The line in the history, the audit log and the fact. `was` is the ticket's place before, when it moved."""
    moved = was is not None and was["user_id"] != ticket.user_id
    with transaction() as session:
        if moved or ticket.status == "closed":
            session.execute(_END_ASSIGNMENT, {"ticket": ticket.id, "now": clock.now()})
        event = TicketEvent(
            ticket_id=ticket.id,
            kind=kind,
            user_id=current_actor().user_id,
            details={key: _plain(value) for key, value in (details or {}).items() if value is not None},
            assigned_at=clock.now() if moved and ticket.user_id else None,
            created_at=at or clock.now(),
        )
        session.add(event)
        session.flush()
        audit(f"ticket.{kind}", "ticket", ticket.id, event.details)
        emit("ticket.changed", ticket_id=ticket.id, change=kind, **({"was": _plain_place(was)} if was else {}))
        if moved:
            empty_room(ticket.id)
    return event


def empty_room(ticket_id: uuid.UUID) -> None:
    """Whoever may still see the conversation joins again at the update that follows."""
    after_commit(lambda: realtime.close_room(ticket_room(ticket_id)))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _plain_place(was: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in was.items()}
