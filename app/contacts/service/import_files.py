"""How long the files of imports and exports stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from app.contacts.models import ContactExport, Import
from app.core import files
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.core.storage import storage

UPLOADS = timedelta(days=30)
RESULTS = timedelta(days=90)


def forget_files(now: datetime) -> None:
    """Rows stay, with their counts; the sheets themselves go. Safe to run twice."""
    with transaction():
        for found in _older(Import, now - UPLOADS):
            files.remove_folder(found.storage_key)
            if found.status in ("pending", "checking", "ready"):
                found.status, found.owner = "cancelled", None
        for found in _older(Import, now - RESULTS, Import.result_key.is_not(None)):
            storage().delete(found.result_key)
            found.result_key = None
        for export in _older(ContactExport, now - UPLOADS, ContactExport.storage_key.is_not(None)):
            storage().delete(export.storage_key)
            export.storage_key = None


def _older(model: type[Any], moment: datetime, *conditions: ColumnElement[bool]) -> list[Any]:
    mine = select(model).where(model.tenant_id == current_actor().tenant_id, model.created_at < moment, *conditions)
    return list(read_session().scalars(mine))
