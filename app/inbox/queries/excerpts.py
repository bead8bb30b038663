"""The words that a search found, for the rows of the list."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from app.core.context import current_actor
from app.core.db import read_session
from app.messages.models import Message

LONGEST = 200


def excerpts(found: Mapping[uuid.UUID, uuid.UUID], ticket_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """`found` is ticket → message; only of the conversations shown, which the caller checked."""
    wanted = {found[ticket_id]: ticket_id for ticket_id in ticket_ids if ticket_id in found}
    if not wanted:
        return {}
    rows = read_session().execute(
        select(Message.id, func.left(Message.body, LONGEST)).where(
            Message.id.in_(wanted), Message.tenant_id == current_actor().tenant_id, Message.deleted_at.is_(None)
        )
    )
    return {wanted[message_id]: body for message_id, body in rows}
