"""A stored file as JSON."""

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields

from app.core.schema import Schema, UtcDateTime
from app.core.storage import storage
from app.media.models import Media
from app.media.rules import INLINE
from app.ui.downloads import Stored

AUDIO_ERRORS = {
    "empty": _l("Não há som nesta gravação. Confira o microfone e grave de novo."),
    "unreadable": _l("Não conseguimos ler esta gravação. Grave de novo."),
    "too_long": _l("Uma mensagem de voz pode ter até 15 minutos."),
    "too_large": _l("Uma mensagem de voz pode ter até 15 minutos."),
}
API_URL = "/api/v1/media/{}/content"
PAGE_URL = "/media/{}"


class MediaSchema(Schema):
    """`url` answers the bytes, to the same token."""

    id = fields.UUID(required=True)
    url = fields.Function(lambda media: API_URL.format(media.id), required=True, metadata={"type": "string"})
    mime_type = fields.String(required=True)
    size = fields.Integer(required=True)
    kind = fields.String(required=True)
    file_name = fields.String(required=True)
    width = fields.Integer(allow_none=True)
    height = fields.Integer(allow_none=True)
    created_at = UtcDateTime(required=True)


def media_fields(media: Media) -> dict[str, Any]:
    """For scripts of our pages, whose session opens the page address."""
    return {**MediaSchema().dump(media), "url": PAGE_URL.format(media.id)}


def recording_fields(media: Media) -> dict[str, Any]:
    """`state`: preparing, ready (it is a voice note now) or failed, with `message`."""
    if media.error:
        message = AUDIO_ERRORS.get(media.error, AUDIO_ERRORS["unreadable"])
        return {"id": media.id, "state": "failed", "message": str(message)}
    return {"id": media.id, "state": "preparing" if media.kind == "recording" else "ready"}


def stored_thumbnail(media: Media) -> Stored:
    """The small picture; the file itself while there is none."""
    if media.thumb_key is None:
        return stored(media)
    size = storage().size(media.thumb_key)
    return Stored(media.thumb_key, media.file_name, "image/jpeg", size, f"{media.sha256}-s", True)


def stored(media: Media, *, download: bool = False) -> Stored:
    """What the page and the API hand out; only types that run no script are shown in place."""
    is_inline = media.mime_type in INLINE and not download
    return Stored(media.storage_key, media.file_name, media.mime_type, media.size, media.sha256, is_inline)
