"""Who has a conversation from now on: the person who takes it, or whom a rule chose."""

import uuid

from app.accounts.models import User
from app.core.context import current_actor
from app.core.permissions import ROLES
from app.inbox.models import Ticket
from app.inbox.service.recording import change, change_or_refuse, place, record


def assign_to_actor(ticket: Ticket) -> None:
    actor = current_actor()
    was = change_or_refuse(ticket, status="open", user_id=actor.user_id, mode="human", needs_human_attention=False)
    record(ticket, "taken", was, details={"from_user_id": was["user_id"]})


def assign(ticket: Ticket, user_id: uuid.UUID, rule: str) -> bool:
    """By a rule; False when somebody was faster."""
    was = place(ticket)
    if not change(ticket, status="open", user_id=user_id):
        return False
    record(ticket, "assigned", was, details={"user_id": user_id, "rule": rule})
    return True


def may_attend(user: User) -> bool:
    return user.is_active and ("inbox.use" in ROLES.get(user.role, ()) or "inbox.use" in user.permissions)
