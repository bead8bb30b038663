"""Reading the audit log by key, newest first: a page costs the same at a million rows."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.core import ids, paging
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import Invalid
from app.core.permissions import can, require

MOST = 10_000

_ROWS = """
    SELECT id, created_at, source, action, user_id, token_id, resource_type, resource_id, changes, ip, user_agent
    FROM audit_logs WHERE tenant_id = :tenant {conditions} ORDER BY id DESC LIMIT :limit
"""
_CONDITIONS = {
    "user_id": "user_id = :user_id",
    "token_id": "token_id = :token_id",
    "source": "source = :source",
    "resource_type": "resource_type = :resource_type",
    "resource_id": "resource_id = :resource_id",
    "action": "(action = :action OR starts_with(action, :action || '.'))",
    "since": "id >= :since",
    "until": "id < :until",
    "before": "id < :before",
}
_PERSONAL = ("changes", "ip", "user_agent")


@dataclass(frozen=True)
class Wanted:
    """`since` and `until` are both included; `action` is a whole one (`contact.update`) or its kind (`contact`)."""

    action: str | None = None
    user_id: uuid.UUID | None = None
    token_id: uuid.UUID | None = None
    source: str | None = None
    resource_type: str | None = None
    resource_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_entries(wanted: Wanted, cursor: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Entries and the cursor of the next page. What may hold people's data is for those who see the audit only."""
    actor = require("logs.see")
    values: dict[str, Any] = {name: value for name, value in vars(wanted).items() if value is not None}
    if wanted.since is not None:
        values["since"] = ids.lower_bound(wanted.since)
    if wanted.until is not None:
        values["until"] = ids.lower_bound(wanted.until + timedelta(milliseconds=1))
    if cursor:
        values["before"] = _position(cursor)
    conditions = "".join(f" AND {_CONDITIONS[name]}" for name in values)
    values |= {"tenant": current_actor().tenant_id, "limit": min(limit, MOST) + 1}
    rows = list(read_session().execute(text(_ROWS.format(conditions=conditions)), values))
    following = paging.encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return [_entry(row, sees_all=can(actor, "audit.see")) for row in rows[:limit]], following


def _entry(row: Row[Any], *, sees_all: bool) -> dict[str, Any]:
    entry = dict(row._mapping)
    return entry if sees_all else {**entry, **dict.fromkeys(_PERSONAL)}


def _position(cursor: str) -> uuid.UUID:
    parts = paging.decode_cursor(cursor, 1) or [None]
    try:
        return uuid.UUID(str(parts[0]))
    except ValueError as error:
        raise Invalid.field("cursor", "cursor inválido") from error
