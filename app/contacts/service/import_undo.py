"""Takes an import back: what it made goes, what it changed returns, what people touched since stays."""

from __future__ import annotations

import uuid

from sqlalchemy import text

from app.contacts.models import Import
from app.contacts.queries import imports
from app.contacts.service import import_sql as sql
from app.core import clock, facts
from app.core.audit import audit
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.permissions import require


def undo_import(import_id: uuid.UUID) -> int:
    """How many contacts of the import stay because somebody wrote to them or changed them."""
    require("contacts.manage")
    with transaction() as session:
        found = session.get_one(Import, imports.get_import(import_id).id, with_for_update=True)
        if found.status != "completed" or found.completed_at is None:
            raise Conflict
        values = {"tenant": found.tenant_id, "import": found.id, "written_at": found.completed_at, "now": clock.now()}
        for statement in sql.UNDO:
            session.execute(text(statement), values)
        kept = int(session.scalar(text(sql.KEPT), values) or 0)
        found.status, found.undone_at = "undone", values["now"]
        audit("import.undo", "import", found.id, {"kept": kept})
        facts.emit("import.progress", import_id=found.id, status="undone", progress=100)
        facts.emit("contacts.changed", verb="import.undo", count=found.created + found.updated)
    session.expire_all()
    return kept
