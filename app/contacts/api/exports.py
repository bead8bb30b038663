"""`/contacts/export`."""

import time
from typing import Any
from uuid import UUID

from flask import make_response, url_for
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.contacts.api.shapes import filter_of
from app.contacts.models import ContactExport
from app.contacts.queries.imports import get_export
from app.contacts.schemas import ExportQuery, ExportSchema
from app.contacts.service.exports import FORMATS, start_export
from app.core.db import release
from app.core.errors import NotFound
from app.core.storage import storage
from app.ui.downloads import Stored, file_response

blp = Blueprint("exports", __name__, url_prefix="/contacts", description="Contacts as a file")
_LOOK_EVERY = 0.25


@blp.get("/export")
@blp.arguments(ExportQuery, location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
@blp.alt_response(202, schema=ExportSchema)
def create(query: dict[str, Any]) -> ResponseReturnValue:
    """Export contacts

    A job writes the file. When it is ready within `wait` seconds it comes at once; otherwise 202 says where it will be.
    """
    export_id = start_export(filter_of(query), query["format"]).id
    found = _awaited(export_id, query["wait"])
    if found.storage_key:
        return _file(found)
    return make_response(ExportSchema().dump(_shown(found)), 202)


def _awaited(export_id: UUID, seconds: int) -> ContactExport:
    """No database connection is held between two looks."""
    until = time.monotonic() + seconds
    while (found := get_export(export_id)).storage_key is None and time.monotonic() < until:
        release()
        time.sleep(_LOOK_EVERY)
    return found


@blp.get("/exports/<uuid:export_id>")
@blp.response(200, ExportSchema)
def show(export_id: UUID) -> dict[str, Any]:
    """Read whether an export is ready"""
    return _shown(get_export(export_id))


@blp.get("/exports/<uuid:export_id>/file")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
def download(export_id: UUID) -> ResponseReturnValue:
    """Download an export"""
    found = get_export(export_id)
    if found.storage_key is None:
        raise NotFound
    return _file(found)


def _file(found: ContactExport) -> ResponseReturnValue:
    assert found.storage_key is not None
    name, size = f"contacts-{found.created_at:%Y-%m-%d}.{found.format}", storage().size(found.storage_key)
    response = file_response(Stored(found.storage_key, name, FORMATS[found.format], size, etag=str(found.id)))
    response.headers["Content-Type"] = FORMATS[found.format]
    return response


def _shown(found: ContactExport) -> dict[str, Any]:
    url = url_for("api.exports.download", export_id=found.id) if found.storage_key else None
    values = {name: getattr(found, name) for name in ("id", "status", "format", "total", "created_at")}
    return values | {"url": url}
