"""Imports: their state, their troubled rows, and errors in the API's shape."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, cast, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from app.contacts.importing.cells import column_letter
from app.contacts.importing.mapping import Mapping
from app.contacts.importing.problems import RULES, TIDY, Severity
from app.contacts.models import ContactExport, Import, ImportRow
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.permissions import require
from app.core.phone import format_phone

ERRORS_SHOWN = 1000


def get_import(import_id: uuid.UUID) -> Import:
    require("contacts.manage")
    found = read_session().get(Import, import_id, populate_existing=True)
    if found is None or found.tenant_id != current_actor().tenant_id:
        raise NotFound
    return found


def list_imports(limit: int = 20) -> list[Import]:
    require("contacts.manage")
    statement = select(Import).where(Import.tenant_id == current_actor().tenant_id, Import.source != "campaign")
    return list(read_session().scalars(statement.order_by(Import.id.desc()).limit(limit)))


def stuck_imports(now: datetime) -> list[Import]:
    """Asked for and not finished, with no worker on them: their job was lost or killed."""
    free = or_(Import.lease < now, and_(Import.lease.is_(None), Import.created_at < now - timedelta(minutes=1)))
    statement = select(Import).where(Import.status.in_(("pending", "checking", "running")), free)
    return list(read_session().scalars(statement))


def troubled_rows(import_id: uuid.UUID, code: str, *, limit: int = 50, page: int = 1) -> list[ImportRow]:
    """Rows with that problem, in the order of the sheet."""
    has_it = ImportRow.problems.op("@>")(cast([{"code": code}], JSONB))
    statement = select(ImportRow).where(ImportRow.import_id == import_id, has_it)
    return list(
        read_session().scalars(statement.order_by(ImportRow.row_number).limit(limit).offset((page - 1) * limit))
    )


def get_row(import_id: uuid.UUID, row_number: int) -> ImportRow | None:
    return read_session().get(ImportRow, (import_id, row_number), populate_existing=True)


def errors_of(found: Import, limit: int = ERRORS_SHOWN) -> list[dict[str, Any]]:
    """Errors first, then repairs and notices, each in the order of the sheet."""
    rows = read_session().scalars(
        select(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.problems != [])
        .order_by(ImportRow.row_number)
        .limit(limit * 3)
    )
    names = column_names(found)
    told = ((row.row_number, problem) for row in rows for problem in row.problems if problem["code"] not in TIDY)
    errors = [_error(row, problem, names) for row, problem in told]
    errors.sort(key=lambda error: (RULES[error["problem"]].severity is not Severity.ERROR, error["row"]))
    return errors[:limit]


def column_names(found: Import) -> dict[int, str]:
    if not found.mapping:
        return {}
    return {column.index: column.name for column in Mapping.from_json(found.mapping).columns}


def _error(row: int, problem: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    column = problem["column"]
    return {
        "row": row,
        "column": names.get(column, column_letter(column)) if column is not None else None,
        "value": problem["value"],
        "problem": problem["code"],
        "message": str(RULES[problem["code"]].reason),
        "suggestion": shown_suggestion(problem),
    }


def shown_suggestion(problem: dict[str, Any]) -> str | None:
    suggestion = problem.get("suggestion")
    return format_phone(suggestion) if suggestion and suggestion.startswith("+") else suggestion


def get_export(export_id: uuid.UUID) -> ContactExport:
    require("contacts.export")
    found = read_session().get(ContactExport, export_id, populate_existing=True)
    if found is None or found.tenant_id != current_actor().tenant_id:
        raise NotFound
    return found
