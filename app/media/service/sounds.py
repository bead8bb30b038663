"""Sounds as a worker hears them: the voice note of a recording, the length and the picture of any other. Only jobs
import this: the codecs are large."""

import io
import uuid
from collections.abc import Callable

from sqlalchemy import select

from app.core.db import release, transaction
from app.core.storage import fingerprint, new_key, storage
from app.media import queries
from app.media.models import Media
from app.media.rules import LIMITS
from app.speech.audio import AudioError, decode, encode_voice_note, peaks
from app.speech.port import Sound

LONGEST = 15 * 60.0
BARS = 48
MIME = "audio/ogg"


def write_voice_note(media_id: uuid.UUID) -> bool:
    """The recording becomes WhatsApp's own kind of file. Twice changes nothing; False when there is nothing to do or
    it can't be done, and then `error` says why."""
    raw = _source(media_id, "recording")
    if raw is None:
        return False
    key, tenant_id, data = raw
    try:
        sound = decode(data, max_seconds=LONGEST, max_bytes=LIMITS["audio"])
        note = encode_voice_note(sound)
    except AudioError as error:
        code = error.code
        return _change(media_id, "recording", lambda media: setattr(media, "error", code)) and False
    target = new_key(tenant_id)
    storage().put(target, io.BytesIO(note), MIME)
    if not _change(media_id, "recording", lambda media: _become(media, target, note, sound)):
        storage().delete(target)  # another worker was faster
        return False
    _forget(key)
    return True


def measure(media_id: uuid.UUID) -> bool:
    """How long a file plays and how its sound looks. What can't be decoded stays as it is: browsers may manage."""
    found = _source(media_id, "audio", "voice")
    if found is None:
        return False
    try:
        sound = decode(found[2], max_seconds=LONGEST)
    except AudioError:
        return False
    return _change(media_id, None, lambda media: _describe(media, sound))


def _source(media_id: uuid.UUID, *kinds: str) -> tuple[str, uuid.UUID, bytes] | None:
    with transaction():
        media = queries.find_media(media_id)
        if media is None or media.kind not in kinds or media.peaks is not None:
            return None
        key, tenant_id = media.storage_key, media.tenant_id
    release()  # no database connection waits for the disk or the bucket
    try:
        return key, tenant_id, storage().read(key)
    except FileNotFoundError:
        return None


def _change(media_id: uuid.UUID, kind: str | None, change: Callable[[Media], None]) -> bool:
    with transaction() as session:
        media = session.get(Media, media_id, with_for_update=True, populate_existing=True)
        if media is None or (kind is not None and media.kind != kind):
            return False
        change(media)
    return True


def _become(media: Media, key: str, note: bytes, sound: Sound) -> None:
    media.kind, media.mime_type, media.storage_key = "voice", MIME, key
    media.size, media.sha256, media.error = len(note), fingerprint(note), None
    media.file_name = media.file_name.rpartition(".")[0] + ".ogg"
    _describe(media, sound)


def _describe(media: Media, sound: Sound) -> None:
    media.seconds, media.peaks = sound.seconds, peaks(sound, BARS)


def _forget(key: str) -> None:
    """The raw bytes, unless another file shares them."""
    with transaction() as session:
        if session.scalar(select(Media.id).where(Media.storage_key == key).limit(1)) is not None:
            return
    storage().delete(key)
