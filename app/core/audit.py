"""The audit log: who did what to which row, from where; written in the transaction of the change."""

import uuid
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from app.core import ids
from app.core.context import current_actor
from app.core.db import transaction

_SECRETS = {
    "password",
    "password_hash",
    "credentials",
    "webhook_secret",
    "token",
    "token_hash",
    "totp_secret",
    "secret",
}
_INSERT = text(
    """INSERT INTO audit_logs
       (id, tenant_id, user_id, token_id, source, action, resource_type, resource_id, changes, ip, user_agent)
       VALUES (:id, :tenant_id, :user_id, :token_id, :source, :action, :resource_type, :resource_id, :changes, :ip,
               :user_agent)"""
).bindparams(bindparam("changes", type_=JSONB))


def audit(
    action: str, resource_type: str, resource_id: uuid.UUID | None, changes: dict[str, Any] | None = None
) -> None:
    """`action` is a verb (`campaign.launch`); `changes` maps a field to `[before, after]` or to a value."""
    actor = current_actor()
    with transaction() as session:
        session.execute(
            _INSERT,
            {
                "id": ids.new_id(),
                "tenant_id": actor.tenant_id,
                "user_id": actor.user_id,
                "token_id": actor.token_id,
                "source": actor.source,
                "action": action,
                "resource_type": resource_type,
                "resource_id": resource_id,
                "changes": redact(changes or {}),
                "ip": actor.ip,
                "user_agent": (actor.user_agent or "")[:300] or None,
            },
        )


def redact(changes: dict[str, Any]) -> dict[str, Any]:
    return {key: "•••" if key in _SECRETS else _jsonable(value) for key, value in changes.items()}


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return redact(value)
    if isinstance(value, list | tuple | set):
        return [_jsonable(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
