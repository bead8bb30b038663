"""Who works on an import: a lease taken by conditional UPDATE, progress told on the way, failures in words."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, update

from app.contacts.importing.limits import FileProblem
from app.contacts.models import Import
from app.core import clock, facts
from app.core.db import transaction

LEASE = timedelta(minutes=3)
ATTEMPTS = 3


class ClaimLost(Exception):
    """Somebody asked for something else meanwhile; stop without a word."""


def claim(import_id: uuid.UUID, wanted: str, becomes: str) -> str | None:
    """The owner's token, or None when another holds it or the import is past that state."""
    owner, now = uuid.uuid4().hex, clock.now()
    free = or_(Import.lease.is_(None), Import.lease < now)
    rows = update(Import).where(Import.id == import_id, Import.status.in_((wanted, becomes)), free)
    with transaction() as session:
        values = {"status": becomes, "owner": owner, "lease": now + LEASE, "error": None}
        return owner if session.execute(rows.values(**values)).rowcount else None


def tell(import_id: uuid.UUID, owner: str, progress: int, status: str) -> None:
    """Renews the lease on the way. Raises ClaimLost."""
    keep(import_id, owner, progress=progress, lease=clock.now() + LEASE)
    facts.notify("import.progress", import_id=import_id, status=status, progress=progress)


def keep(import_id: uuid.UUID, owner: str, /, **values: Any) -> None:
    """Writes to the import only while the claim is ours. Raises ClaimLost."""
    rows = update(Import).where(Import.id == import_id, Import.owner == owner)
    with transaction() as session:
        if not session.execute(rows.values(**values)).rowcount:
            raise ClaimLost


def fail(import_id: uuid.UUID, owner: str, problem: FileProblem) -> None:
    with transaction() as session:
        told = session.get_one(Import, import_id).analysis | {"error_values": problem.values}
        keep(import_id, owner, status="failed", error=problem.code, analysis=told, owner=None, lease=None)
        facts.emit("import.progress", import_id=import_id, status="failed", progress=0)


def attempts(analysis: dict[str, Any]) -> dict[str, Any]:
    """Counts a start. A file that kills its worker each time must not do so for ever: raises FileProblem."""
    count = int(analysis.get("attempts", 0)) + 1
    if count > ATTEMPTS:
        raise FileProblem("file_damaged")
    return analysis | {"attempts": count}
