"""What changes a message that already arrived: edits, deletions, and reading on the phone."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text

from app.core import clock
from app.core.db import transaction
from app.core.facts import emit
from app.gateways.events import MessageDeleted, MessageEdited
from app.inbox.rules import searchable

_DELETE = text("""
    UPDATE messages m SET deleted_at = :now FROM external_refs r
    WHERE r.instance_id = :instance AND r.external_id = :external AND m.id = r.message_id AND m.deleted_at IS NULL
    RETURNING m.id, m.ticket_id
""")
_EDIT = text("""
    UPDATE messages m SET body = :body, edited_at = :at, search = :search,
        metadata = m.metadata
            || jsonb_build_object('before', coalesce(m.metadata -> 'before', '[]') || to_jsonb(m.body))
    FROM external_refs r
    WHERE r.instance_id = :instance AND r.external_id = :external AND m.id = r.message_id AND m.body <> :body
    RETURNING m.id, m.ticket_id
""")
_READ = text("""
    UPDATE tickets t SET unread_count = 0, updated_at = :now
    FROM external_refs r JOIN messages m ON m.id = r.message_id
    WHERE r.instance_id = :instance AND r.external_id = ANY (cast(:ids AS text[])) AND t.id = m.ticket_id
        AND m.direction = 'inbound' AND t.unread_count > 0 AND m.thread_at >= t.last_message_at
    RETURNING t.id
""")


def apply_deleted(instance_id: uuid.UUID, event: MessageDeleted) -> None:
    """Marked, never removed: the history is the product."""
    with transaction() as session:
        values = {"instance": instance_id, "external": event.external_id, "now": clock.now()}
        for row in session.execute(_DELETE, values).all():
            emit("message.changed", message_id=row.id, ticket_id=row.ticket_id, change="deleted")


def apply_edited(instance_id: uuid.UUID, event: MessageEdited) -> None:
    with transaction() as session:
        values = {
            "instance": instance_id,
            "external": event.external_id,
            "body": event.text,
            "search": searchable(event.text),
            "at": event.at or clock.now(),
        }
        for row in session.execute(_EDIT, values).all():
            emit("message.changed", message_id=row.id, ticket_id=row.ticket_id, change="edited")


def read_on_phone(instance_id: uuid.UUID, external_ids: Sequence[str]) -> None:
    """Somebody read the conversation on the phone itself, up to its last message."""
    with transaction() as session:
        values = {"instance": instance_id, "ids": list(external_ids), "now": clock.now()}
        for ticket_id in session.scalars(_READ, values).all():
            emit("ticket.changed", ticket_id=ticket_id, change="read")
