"""Pages' door of files: upload and show."""

from uuid import UUID

from flask import Blueprint, Flask, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.queries import get_user
from app.core.db import release
from app.core.errors import Invalid, NotFound
from app.core.storage import storage
from app.media import queries, service
from app.media.schemas import media_fields, recording_fields, stored, stored_thumbnail
from app.ui.downloads import Stored, file_response
from app.ui.errors import is_fragment

blueprint = Blueprint("media", __name__, template_folder="templates")
_UPLOADS = ("/media", "/media/recordings", "/api/v1/media")
_FORM_OVERHEAD = 1024 * 1024


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    # The earliest hook: whatever parses the form first must already know the limit.
    app.url_value_preprocessor(_allow_large_files)


def _allow_large_files(_endpoint: str | None, _values: dict | None) -> None:
    if request.path in _UPLOADS:
        request.max_content_length = service.LARGEST + _FORM_OVERHEAD


@blueprint.post("/media")
def upload() -> ResponseReturnValue:
    """JSON, or the card of the file for our own pages."""
    file = request.files.get("file")
    if file is None:
        raise Invalid.field("file", _("Escolha um arquivo."))
    release()  # no database connection waits for the disk or the bucket
    media = service.store_upload(file.stream, file.filename or "")
    if is_fragment():
        return render_template("media/_card.html", media=media), 201
    return jsonify(media_fields(media)), 201


@blueprint.post("/media/recordings")
def record() -> ResponseReturnValue:
    """What the microphone gave; the voice note is made of it by a worker."""
    file = request.files.get("file")
    if file is None:
        raise Invalid.field("file", _("Escolha um arquivo."))
    release()
    return jsonify(recording_fields(service.take_recording(file.stream, file.filename or ""))), 202


@blueprint.get("/media/recordings/<uuid:media_id>")
def recording(media_id: UUID) -> ResponseReturnValue:
    return jsonify(recording_fields(queries.get_media(media_id)))


@blueprint.get("/media/<uuid:media_id>")
def show(media_id: UUID) -> ResponseReturnValue:
    """The file; `?download=1` saves it instead of showing it."""
    return file_response(stored(queries.get_media(media_id), download="download" in request.args))


@blueprint.get("/media/<uuid:media_id>/thumb")
def thumb(media_id: UUID) -> ResponseReturnValue:
    """A small JPEG of a picture; the picture itself until a worker has made it."""
    media = queries.get_media(media_id)
    release()  # no database connection waits for the disk or the bucket
    return file_response(stored_thumbnail(media))


@blueprint.post("/settings/profile/photo")
def set_photo() -> ResponseReturnValue:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid.field("file", _("Escolha um arquivo."))
    service.set_own_photo(file.stream, file.filename)
    flash(_("Foto trocada."), "success")
    return redirect("/settings/profile", 303)


@blueprint.post("/settings/profile/photo/remove")
def remove_photo() -> ResponseReturnValue:
    service.remove_own_photo()
    flash(_("Foto tirada."), "success")
    return redirect("/settings/profile", 303)


@blueprint.get("/people/<uuid:user_id>/photo")
def photo(user_id: UUID) -> ResponseReturnValue:
    """Of a colleague; the address changes with the picture (`?v=`)."""
    key = get_user(user_id).avatar
    if key is None:
        raise NotFound
    size = storage().size(key)
    release()
    return file_response(Stored(key, "foto.jpg", "image/jpeg", size, etag=key.rsplit("/", 1)[-1], is_inline=True))
