"""What a browser's microphone gave, taken in; workers look at new files (`sounds`, `shrinking`)."""

import os
from typing import BinaryIO

from flask_babel import gettext as _

from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import FieldError, TooLarge
from app.media.models import Media
from app.media.rules import LIMITS
from app.media.rules.kinds import MB
from app.media.service.storing import FIELD, store_upload

_LOOKED_AT = {
    "image": "media.thumbnail",
    "sticker": "media.thumbnail",
    "audio": "media.measure",
    "voice": "media.measure",
}


def on_created(media_id: str, kind: str) -> None:
    """A worker looks: decoding a picture or a sound takes time and memory."""
    if kind in _LOOKED_AT:
        enqueue(_LOOKED_AT[kind], tenant_id=current_actor().tenant_id, media_id=media_id)


def take_recording(stream: BinaryIO, file_name: str) -> Media:
    """Store it and have the voice note written in its place, under the same id. Raises as `store_upload`."""
    limit = LIMITS["audio"]
    if stream.seek(0, os.SEEK_END) > limit:
        message = _("Áudios podem ter até %(limit)s MB.", limit=limit // MB)
        raise TooLarge(message, errors=[FieldError(FIELD, message)])
    media = store_upload(stream, file_name, "recording")
    with transaction() as session:  # also for one that came before: its job may have been lost
        session.merge(media).error = None
        enqueue("media.voice_note", tenant_id=media.tenant_id, media_id=media.id)
    return media
