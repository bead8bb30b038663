"""The write of an import, run by a job: one transaction, set by set, so that a crash leaves all or nothing."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.contacts.importing.limits import FileProblem
from app.contacts.importing.spill import COLUMNS
from app.contacts.models import Import
from app.contacts.queries import imports
from app.contacts.service import import_claims as claims
from app.contacts.service import import_sql as sql
from app.contacts.service.copying import copy_in, copy_out
from app.core import clock, facts, files, ids
from app.core.audit import audit
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import transaction

_TRIES = 3  # against people who appear, by message or by hand, while we write


def write_import(import_id: uuid.UUID) -> None:
    """Safe to run twice and at once: the claim is checked again in the transaction that writes."""
    owner = claims.claim(import_id, "running", "running")
    if owner is None:
        return
    try:
        claims.keep(import_id, owner, analysis=claims.attempts(imports.get_import(import_id).analysis))
        claims.tell(import_id, owner, 10, "running")
        _write_with_patience(import_id, owner)
    except FileProblem as problem:
        claims.fail(import_id, owner, problem)
    except claims.ClaimLost:
        return


def _write_with_patience(import_id: uuid.UUID, owner: str) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            _write(import_id, owner)
            return
        except IntegrityError:
            if attempt == _TRIES:
                raise


def _write(import_id: uuid.UUID, owner: str) -> None:
    with transaction() as session:
        # Locks the row until the commit: a worker that finds the lease run out waits here, and then finds it done.
        claims.keep(import_id, owner, lease=clock.now() + claims.LEASE)
        found = imports.get_import(import_id)
        values = _values(found)
        _stage(session, found)
        if found.duplicates and values["rule"] != "keep":
            session.execute(text(sql.REPEATED))
            session.execute(text(sql.FOLD[values["rule"]]))
        for statement in sql.MATCH:
            session.execute(text(statement), values)
        _write_contacts(session, values)
        _write_labels(session, found, values)
        _write_outcomes(session, found, values)
        counts = session.execute(text(sql.COUNTS)).mappings().one()
        done = {"status": "completed", "progress": 100, "completed_at": values["now"], "owner": None, "lease": None}
        claims.keep(import_id, owner, **done, **counts)
        audit("import.complete", "import", import_id, dict(counts))
        facts.emit("import.progress", import_id=import_id, status="completed", progress=100)
        facts.emit("import.completed", import_id=import_id, **counts)
        enqueue("imports.result", tenant_id=found.tenant_id, import_id=import_id)


def _values(found: Import) -> dict[str, Any]:
    opted_in = bool(found.options.get("opted_in"))
    now = clock.now()
    return {
        "tenant": current_actor().tenant_id,
        "import": found.id,
        "by": found.created_by,
        "now": now,
        "rule": found.options.get("duplicates", "fill"),
        "opted_in_at": now if opted_in else None,
        "opted_in_source": f"import: {found.file_name}" if opted_in else None,
        "group": found.group_id,
    }


def _stage(session: Session, found: Import) -> None:
    session.execute(text(sql.STAGE))
    with files.path(found.analysis["spill"]).open("rb") as stream:
        copy_in(session, "staged", COLUMNS, stream)
    session.execute(text("ANALYZE staged (row_number, key, repeats)"))


def _write_contacts(session: Session, values: dict[str, Any]) -> None:
    for statement in (*sql.CREATE, sql.CHANGED[values["rule"]], *sql.UPDATE):
        session.execute(text(statement), values)
    if values["opted_in_at"]:
        session.execute(text(sql.OPT_IN), values)


def _write_labels(session: Session, found: Import, values: dict[str, Any]) -> None:
    if found.group_id:
        session.execute(text(sql.JOIN_GROUP), values)
    mapped = {column["target"] for column in found.mapping["columns"]}
    for target, (missing, create, join) in sql.LABELS.items():
        if target not in mapped:
            continue
        names = session.scalars(text(missing), values).all()
        rows = [{"id": ids.new_id(), "name": name, **values} for name in names]
        if rows:
            session.execute(text(create), rows)
        session.execute(text(join), values)


def _write_outcomes(session: Session, found: Import, values: dict[str, Any]) -> None:
    """The outcome of every row goes to a file beside the sheet; the table keeps what pages and undo need."""
    session.execute(text(sql.BEFORE), values)
    session.execute(text(sql.TROUBLED), values)
    if found.source == "campaign":
        session.execute(text(sql.AUDIENCE), values)
    with files.path(f"{found.storage_key}/outcomes").open("wb") as stream:
        copy_out(session, sql.OUTCOMES, stream)
