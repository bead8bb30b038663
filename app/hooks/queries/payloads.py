"""The things that events are about, read in sets. Conversations and campaigns belong to features above: their tables
are read by name."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app.core.context import current_actor
from app.core.db import read_session

Rows = dict[str, dict[str, Any]]

_SQL = {
    "message": text("""
        SELECT m.id, m.instance_id, m.contact_id, m.ticket_id, m.campaign_id, m.direction, m.sender_type, m.user_id,
            m.type, m.body AS text, m.status, m.external_id, m.reply_to, m.error_code, m.error_message, m.attempts,
            m.media_id, f.mime_type, f.file_name, f.size, m.created_at, m.sent_at, m.delivered_at, m.read_at,
            m.failed_at
        FROM messages m LEFT JOIN media f ON f.id = m.media_id AND f.tenant_id = m.tenant_id
        WHERE m.tenant_id = :tenant AND m.id = ANY (:ids)
    """),
    "ticket": text("""
        SELECT id, contact_id, instance_id, queue_id, user_id, status, priority, mode, unread_count, rating,
            last_message_at, first_response_at, closed_at, created_at
        FROM tickets WHERE tenant_id = :tenant AND id = ANY (:ids)
    """),
    "campaign": text("""
        SELECT id, name, status, status_reason, total, scheduled_at, started_at, completed_at, created_at
        FROM campaigns WHERE tenant_id = :tenant AND id = ANY (:ids)
    """),
    "instance": text("""
        SELECT id, name, provider, status, status_reason, phone_number, is_active, last_connection_at, created_at
        FROM instances WHERE tenant_id = :tenant AND id = ANY (:ids)
    """),
    "contact": text("""
        SELECT id, name, phone, email, custom_fields, is_blocked, opted_in_at, opted_out_at, merged_into, created_at
        FROM contacts WHERE tenant_id = :tenant AND id = ANY (:ids)
    """),
    "webhook": text("""
        SELECT w.id, w.sees, u.role, u.permissions FROM webhooks w
        LEFT JOIN users u ON u.tenant_id = w.tenant_id AND u.id = w.owner_id AND u.is_active
        WHERE w.tenant_id = :tenant AND w.id = ANY (:ids)
    """),
}


@dataclass
class Sources:
    """kind → id → row, of one company."""

    rows: dict[str, Rows] = field(default_factory=dict)

    def get(self, kind: str, wanted: Any) -> dict[str, Any] | None:
        return self.rows.get(kind, {}).get(str(wanted)) if wanted else None


def read_sources(wanted: dict[str, Collection[str]], webhook_ids: Collection[uuid.UUID]) -> Sources:
    """The people of messages and conversations come along."""
    found = Sources()
    for kind in ("message", "ticket", "campaign", "instance"):
        found.rows[kind] = _read(kind, wanted.get(kind, ()))
    people = {str(row["contact_id"]) for kind in ("message", "ticket") for row in found.rows[kind].values()}
    found.rows["contact"] = _read("contact", {*wanted.get("contact", ()), *people} - {"None"})
    found.rows["webhook"] = _read("webhook", {str(webhook_id) for webhook_id in webhook_ids})
    return found


def _read(kind: str, ids: Collection[str]) -> Rows:
    if not ids:
        return {}
    values = {"tenant": current_actor().tenant_id, "ids": [uuid.UUID(value) for value in sorted(ids)]}
    return {str(row.id): dict(row._mapping) for row in read_session().execute(_SQL[kind], values)}
