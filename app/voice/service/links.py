"""Addresses of audios that need no sign-in and end by themselves."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from app.core import clock, crypto
from app.core.context import acting, current_actor, system
from app.core.errors import NotFound
from app.voice.models import CachedAudio
from app.voice.queries.audios import find_audio

LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Link:
    token: str
    seconds: int


def sign(audio: CachedAudio, lasts: timedelta = LASTS) -> Link:
    ends = int((clock.now() + lasts).timestamp())
    sealed = crypto.seal({"audio": str(audio.id), "tenant": str(current_actor().tenant_id), "ends": ends})
    return Link(sealed.decode(), int(lasts.total_seconds()))


def follow(token: str) -> CachedAudio:
    """Raises NotFound: forged, ended, or the audio is gone."""
    try:
        found = crypto.unseal(token.encode())
        tenant, audio_id, ends = uuid.UUID(found["tenant"]), uuid.UUID(found["audio"]), int(found["ends"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotFound from error
    if ends < clock.now().timestamp():
        raise NotFound
    with acting(system(tenant)):
        audio = find_audio(audio_id)
    if audio is None or audio.state != "ready":
        raise NotFound
    return audio
