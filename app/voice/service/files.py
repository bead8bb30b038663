"""The files of an audio, as they are handed out. One that was lost is noticed here too, and made again."""

from app.core.background import enqueue
from app.core.context import current_actor
from app.core.errors import NotFound, Unavailable
from app.core.storage import storage
from app.ui.downloads import Stored
from app.voice.models import CachedAudio
from app.voice.rules.words import trouble
from app.voice.service import cache


def stored(audio: CachedAudio, *, as_note: bool = False) -> Stored:
    """The MP3, or the voice note as WhatsApp gets it. Raises NotFound, or Unavailable while it is made again."""
    if audio.state != "ready" or not audio.path:
        raise NotFound
    path = audio.path.rpartition(".")[0] + ".ogg" if as_note else audio.path
    size = audio.voice_bytes if as_note else audio.path_bytes
    if not _is_whole(path, size):
        cache.spoil(audio.id)
        enqueue("voice.make", tenant_id=current_actor().tenant_id, audio_id=audio.id)
        raise Unavailable(trouble("busy"))
    name, mime = ("voz.ogg", "audio/ogg; codecs=opus") if as_note else ("voz.mp3", "audio/mpeg")
    return Stored(path, name, mime, size, f"{audio.id.hex}-{audio.version}-{size}", True)


def _is_whole(path: str, size: int) -> bool:
    try:
        return storage().size(path) == size
    except FileNotFoundError:
        return False
