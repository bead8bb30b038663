"""What a person said last, where the company's own automatic words came after it: that is what a row should show."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text

from app.core.context import current_actor
from app.core.db import read_session
from app.inbox.queries.lists import PREVIEW, LastMessage, TicketRow

_SPOKEN = text("""
    SELECT t.id AS ticket_id, m.id, left(m.body, :length) AS words, m.type, m.direction, m.status, m.sender_type,
        m.thread_at, m.deleted_at IS NOT NULL AS is_deleted
    FROM unnest(cast(:ids AS uuid[])) AS t(id) CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE ticket_id = t.id AND tenant_id = :tenant AND sender_type <> 'system'
            AND type <> 'reaction' AND NOT is_private ORDER BY thread_at DESC, messages.id DESC LIMIT 1) m
""")


def spoken(rows: Sequence[TicketRow]) -> dict[uuid.UUID, LastMessage]:
    """Of the rows whose last message nobody typed; rows that the caller may see."""
    ids = [str(row.id) for row in rows if row.last_message and row.last_message.sender_type == "system"]
    if not ids:
        return {}
    values = {"ids": ids, "tenant": current_actor().tenant_id, "length": PREVIEW}
    return {
        row.ticket_id: LastMessage(
            row.id,
            "" if row.is_deleted else row.words,
            row.type,
            row.direction,
            row.status,
            row.sender_type,
            row.thread_at,
            row.is_deleted,
        )
        for row in read_session().execute(_SPOKEN, values)
    }
