"""Somebody's account was closed: what they were attending waits for the others again."""

import uuid

from sqlalchemy import select

from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import AppError
from app.inbox.models import Ticket
from app.inbox.service.tickets import release


def on_user_deactivated(user_id: str) -> None:
    enqueue("inbox.leave", tenant_id=current_actor().tenant_id, user_id=user_id)


def release_all(user_id: uuid.UUID) -> int:
    """Back into their queues, each by itself; how many."""
    with transaction() as session:
        theirs = select(Ticket.id).where(Ticket.user_id == user_id, Ticket.status != "closed")
        ticket_ids = list(session.scalars(theirs))
    return sum(_release(ticket_id) for ticket_id in ticket_ids)


def _release(ticket_id: uuid.UUID) -> bool:
    try:
        release(ticket_id)
    except AppError:  # closed or taken over meanwhile
        return False
    return True
