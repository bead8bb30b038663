"""Conditional changes of one row. They leave `updated_at` alone: it is the senders' stamp for settings, and a QR code
that changed must not make them read everything again."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, bindparam, text, update
from sqlalchemy.dialects.postgresql import JSONB

from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import notify
from app.instances.models import Instance

_WAKE = text(
    "UPDATE instance_pace SET probe_at = clock_timestamp(), probe_tries = 0"
    " WHERE instance_id = :instance_id AND hold IS NOT NULL"
)
_ROW = text(
    "INSERT INTO instance_pace (instance_id, tenant_id) VALUES (:instance_id, :tenant_id) ON CONFLICT DO NOTHING"
)
_NO_LINK: dict[str, Any] = {"qr_code": None, "pairing_code": None, "qr_expires_at": None}


def no_link() -> dict[str, Any]:
    """Nothing to scan any more."""
    return dict(_NO_LINK)


def change(instance_id: uuid.UUID, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """False: another got there first, or the number is gone. Tells the pages that look at it."""
    statement = (
        update(Instance)
        .where(
            Instance.id == instance_id,
            Instance.tenant_id == current_actor().tenant_id,
            Instance.deleted_at.is_(None),
            *conditions,
        )
        .values(updated_at=Instance.updated_at, **values)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        changed = session.execute(statement).rowcount == 1
        if changed:
            notify("instance.changed", instance_id=instance_id)
    return changed


def health(**patch: Any) -> ColumnElement[Any]:
    """`health` with these keys replaced; give it to `change` as `health=`."""
    return Instance.health.concat(bindparam(None, patch, type_=JSONB))


def start_pace_row(instance_id: uuid.UUID) -> None:
    with transaction() as session:
        session.execute(_ROW, {"instance_id": instance_id, "tenant_id": current_actor().tenant_id})


def wake_senders(instance_id: uuid.UUID) -> None:
    """A held number that came back is probed at once instead of at the end of its back-off."""
    with transaction() as session:
        session.execute(_WAKE, {"instance_id": instance_id})
