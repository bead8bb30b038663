"""The audit log as a file: asked for here, written by a job, read back from the storage."""

import csv
import io
import json
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.accounts.models import AuditExport
from app.accounts.queries.audit import AuditFilter, get_export, walk_audit
from app.accounts.rules import AUDIT_DAYS_DEFAULT
from app.core import clock
from app.core.audit import audit
from app.core.background import enqueue
from app.core.db import transaction
from app.core.permissions import confirm, require
from app.core.storage import new_key, storage
from app.core.text import defused

MIME = "text/csv"
KEEP = timedelta(days=7)
BATCH = 5000  # of the function in the database


def start(wanted: AuditFilter) -> AuditExport:
    require("audit.see")
    confirm("export")
    with transaction() as session:
        found = AuditExport(filters=wanted.as_json())
        session.add(found)
        session.flush()
        audit("audit.export", "audit_export", found.id, {"filters": found.filters})
        enqueue("audit.export", tenant_id=found.tenant_id, export_id=found.id)
    return found


def write(export_id: uuid.UUID, zone: str) -> None:
    """Safe to run twice: a whole file replaces a whole file."""
    with transaction():
        found = get_export(export_id)
        if found.status == "completed":
            return
        found.status = "running"
        wanted, key = AuditFilter.from_json(found.filters), new_key(found.tenant_id)
    total = -1  # the titles are no row
    with tempfile.TemporaryFile() as file:
        out = io.TextIOWrapper(file, "utf-8-sig", newline="")  # the mark makes Excel read the accents right
        writer = csv.writer(out, delimiter=";")
        for row in _rows(wanted, ZoneInfo(zone)):
            writer.writerow([defused(cell) for cell in row])
            total += 1
        out.flush()
        file.seek(0)
        storage().put(key, file, MIME)
        out.detach()
    with transaction():
        found = get_export(export_id)
        found.status, found.storage_key, found.total, found.completed_at = "completed", key, total, clock.now()


def purge(days: int | None) -> int:
    """Of the acting company; how many are gone."""
    total, gone = 0, BATCH
    while gone == BATCH:
        with transaction() as session:
            gone = session.scalar(text("SELECT purge_audit(:days)"), {"days": days or AUDIT_DAYS_DEFAULT}) or 0
        total += gone
    return total


def forget_files() -> None:
    """Written files are personal data: a week is enough to fetch them."""
    with transaction() as session:
        old = select(AuditExport).where(
            AuditExport.storage_key.is_not(None), AuditExport.completed_at < clock.now() - KEEP
        )
        keys = [(row.id, row.storage_key) for row in session.scalars(old)]
    for export_id, key in keys:
        storage().delete(key)
        with transaction():
            get_export(export_id).storage_key = None


def _rows(wanted: AuditFilter, zone: ZoneInfo) -> Iterator[list[str]]:
    titles = [_("Quando"), _("Quem"), _("E-mail"), _("Ação"), _("O quê"), _("Identificador"), _("Mudanças")]
    yield [*titles, _("Origem"), _("Token de API"), _("Endereço"), _("Navegador")]
    for batch in walk_audit(wanted):
        yield from (_row(row, zone) for row in batch)


def _row(row: Any, zone: ZoneInfo) -> list[str]:
    changes = json.dumps(row.changes, ensure_ascii=False) if row.changes else ""
    at = f"{row.created_at.astimezone(zone):%d/%m/%Y %H:%M:%S}"
    what = [row.action, row.resource_type, str(row.resource_id or ""), changes]
    return [
        at,
        row.user_name or "",
        row.user_email or "",
        *what,
        row.source,
        row.token_name or "",
        row.ip or "",
        row.user_agent or "",
    ]
