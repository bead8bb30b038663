"""`/contacts/import` and `/contacts/imports`."""

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_smorest import Blueprint
from flask_smorest.fields import Upload

from app.contacts.importing.problems import file_message
from app.contacts.models import Import
from app.contacts.queries import imports
from app.contacts.schemas import ImportBodySchema, ImportSchema
from app.contacts.service import imports as service
from app.contacts.service.import_undo import undo_import
from app.contacts.service.imports import Wishes
from app.core.errors import Invalid
from app.core.schema import Schema

blp = Blueprint("imports", __name__, url_prefix="/contacts", description="Contacts from spreadsheets")


class ImportFileSchema(Schema):
    file = Upload(required=True)


@blp.post("/import")
@blp.arguments(ImportFileSchema, location="files")
@blp.arguments(ImportBodySchema, location="form")
@blp.response(202, ImportSchema)
def create(_files: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Import a spreadsheet

    .xlsx, .xls, .xlsb, .ods or .csv, up to 50 MB and 500,000 rows. The valid rows are imported without asking again;
    `GET imports/{id}` tells how it went.
    """
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid.field("file", _("Escolha uma planilha."))
    wishes = Wishes(
        group_id=data["group_id"],
        duplicates=data["duplicates"],
        repair=data["repair"],
        confirms=True,
        columns=data["mapping"],
        opted_in=data["opted_in"],
        source="api",
    )
    return _shown(service.start_import(file.stream, file.filename, wishes))  # type: ignore[arg-type]


@blp.get("/imports/<uuid:import_id>")
@blp.response(200, ImportSchema)
def show(import_id: UUID) -> dict[str, Any]:
    """Read how an import went

    `errors` holds up to 1,000 rows: errors first, then what was repaired and what is worth knowing.
    """
    return _shown(imports.get_import(import_id))


@blp.post("/imports/<uuid:import_id>/undo")
@blp.response(200, ImportSchema)
def undo(import_id: UUID) -> dict[str, Any]:
    """Take an import back

    Contacts that wrote to us or were changed since stay.
    """
    undo_import(import_id)
    return _shown(imports.get_import(import_id))


def _shown(found: Import) -> dict[str, Any]:
    names = [name for name in ImportSchema._declared_fields if hasattr(found, name)]
    values = {name: getattr(found, name) for name in names}
    return values | {"errors": imports.errors_of(found), "error_message": _message(found)}


def _message(found: Import) -> str | None:
    if found.error is None:
        return None
    values = found.analysis.get("error_values", {})
    if found.error == "columns":
        return " ".join(service.mapping_message(code) for code in values.get("codes", []))
    return file_message(found.error, values)
