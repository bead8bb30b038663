"""JSON door of files."""

from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _
from flask_smorest import Blueprint
from flask_smorest.fields import Upload

from app.core.db import release
from app.core.errors import Invalid
from app.core.schema import Schema
from app.media import queries, service
from app.media.models import Media
from app.media.schemas import MediaSchema, stored
from app.ui.downloads import file_response

blp = Blueprint("media", __name__, url_prefix="/media", description="Files that messages carry")


class MediaUploadSchema(Schema):
    file = Upload(required=True)


@blp.post("")
@blp.arguments(MediaUploadSchema, location="files")
@blp.response(201, MediaSchema)
def create(_files: dict) -> Media:
    """Upload a file

    What it is is told by its bytes: images and audio up to 16 MB, video up to 64 MB, anything else up to 100 MB.
    The same file sent twice is stored once.
    """
    file = request.files.get("file")
    if file is None:
        raise Invalid.field("file", _("Escolha um arquivo."))
    release()
    return service.store_upload(file.stream, file.filename or "")


@blp.get("/<uuid:media_id>")
@blp.response(200, MediaSchema)
def show(media_id: UUID) -> Media:
    """Read what a file is"""
    return queries.get_media(media_id)


@blp.get("/<uuid:media_id>/content")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def content(media_id: UUID) -> Response:
    """Download a file

    `Range` and `If-None-Match` are honoured.
    """
    return file_response(stored(queries.get_media(media_id)))
