"""Exports: asked for, shown while they are written, handed out."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.forms import read_filter
from app.contacts.queries.imports import get_export
from app.contacts.service.exports import FORMATS, start_export
from app.core.errors import NotFound
from app.core.storage import storage
from app.ui.downloads import Stored, file_response

blueprint = Blueprint("exports", __name__, template_folder="../templates", url_prefix="/contacts/exports")


@blueprint.post("")
def create() -> ResponseReturnValue:
    found = start_export(read_filter(request.args), request.form.get("format", "xlsx"))
    return redirect(url_for("exports.show", export_id=found.id), 303)


@blueprint.get("/<uuid:export_id>")
def show(export_id: UUID) -> ResponseReturnValue:
    return render_template("contacts/export.html", export=get_export(export_id))


@blueprint.get("/<uuid:export_id>/state")
def state(export_id: UUID) -> ResponseReturnValue:
    return render_template("contacts/_export.html", export=get_export(export_id))


@blueprint.get("/<uuid:export_id>/file")
def download(export_id: UUID) -> ResponseReturnValue:
    found = get_export(export_id)
    if found.storage_key is None:
        raise NotFound
    name = _("contatos-%(day)s", day=f"{found.created_at:%Y-%m-%d}") + f".{found.format}"
    size = storage().size(found.storage_key)
    return file_response(Stored(found.storage_key, name, FORMATS[found.format], size, etag=str(found.id)))
