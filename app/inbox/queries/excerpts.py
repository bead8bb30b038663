"""The words that a search found, for the rows of the list."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.core.context import current_actor
from app.core.db import read_session
from app.inbox.rules import around
from app.messages.models import Message

LONGEST = 2_000  # letters of a message that are looked through


@dataclass(frozen=True)
class Excerpt:
    """`hit` is what was looked for, as the message spells it; the words around it are cut."""

    message_id: uuid.UUID
    before: str
    hit: str
    after: str


def excerpts(
    query: str, found: Mapping[uuid.UUID, uuid.UUID], ticket_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Excerpt]:
    """`found` is ticket → message; only of the conversations shown, which the caller checked."""
    wanted = {found[ticket_id]: ticket_id for ticket_id in ticket_ids if ticket_id in found}
    if not wanted:
        return {}
    rows = read_session().execute(
        select(Message.id, func.left(Message.body, LONGEST)).where(
            Message.id.in_(wanted), Message.tenant_id == current_actor().tenant_id, Message.deleted_at.is_(None)
        )
    )
    return {wanted[message_id]: Excerpt(message_id, *around(body, query)) for message_id, body in rows}
