"""From a text to a recipe, and asking for its audio: the web asks, a job makes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.errors import Conflict, Invalid, Unavailable
from app.core.permissions import require
from app.speech.normalise import spoken
from app.voice.models import CachedAudio, VoiceConfig
from app.voice.queries.audios import get_audio
from app.voice.queries.configs import default_config, dictionary, get_config, speaker_of
from app.voice.rules.parts import cut, values_in
from app.voice.rules.recipes import Recipe, Speaker, is_speakable, tidy_text
from app.voice.rules.words import trouble
from app.voice.service import cache

MAX_TEXT = 4096
_LOOK_EVERY = 0.1


def recipe_of(
    speaker: Speaker,
    text: str,
    words: dict[str, str],
    wordings: Sequence[Sequence[str | None]] = (),
    *,
    in_parts: bool | None = None,
) -> Recipe:
    """`words`: the company's dictionary. `wordings`: the templates that the text may have been made of, each as its
    literals with None for a variable; the first that fits tells where the seams may be."""
    parts = (text,)
    if speaker.in_parts if in_parts is None else in_parts:
        found = next((spans for one in wordings if (spans := values_in(text, one))), None)
        parts = cut(text, found) if found else parts
    said = [spoken(tidy_text(part), speaker.language, words) for part in parts]
    sounding = [tidy_text(part) for part in said if is_speakable(part)]
    return Recipe(speaker, tuple(sounding or [tidy_text(text)]))


def ask(text: str, config: VoiceConfig | uuid.UUID | None = None, *, recipe: Recipe | None = None) -> CachedAudio:
    """The audio's row: ready, or a job makes it. Raises Invalid for a text that nobody can speak."""
    if recipe is None:
        recipe = recipe_of(speaker_of(_config(config)), _checked(text), dictionary())
    if not any(map(is_speakable, recipe.parts)):
        raise Invalid.field("text", trouble("unspeakable"))
    with transaction():
        audio_id, state = cache.want(recipe)
        if state == "wanted":
            enqueue("voice.make", tenant_id=current_actor().tenant_id, audio_id=audio_id)
    return get_audio(audio_id)


def _config(config: VoiceConfig | uuid.UUID | None) -> VoiceConfig:
    found = get_config(config) if isinstance(config, uuid.UUID) else config or default_config()
    if found is None:
        raise Invalid.field("config_id", trouble("unsupported"))
    return found


def _checked(text: str) -> str:
    if not text.strip():
        raise Invalid.field("text", trouble("unspeakable"))
    if len(text) > MAX_TEXT:
        raise Invalid.field("text", trouble("too_long"))
    return text.replace("\0", "")


def raise_trouble(audio: CachedAudio) -> None:
    """Of an audio that failed, in the words of whoever asked for it."""
    code = audio.error_code or "broken"
    if code in ("unspeakable", "too_long"):
        raise Invalid.field("text", trouble(code))
    if code in ("budget", "credentials", "unsupported"):
        raise Conflict(trouble(code), code=f"voice_{code}")
    raise Unavailable(trouble(code))


def generate(text: str, config_id: uuid.UUID | None, wait: float) -> tuple[CachedAudio, bool]:
    """The audio and whether it was there already. Waits `wait` seconds for the job, holding no connection."""
    require("voice.manage")
    found = ask(text, config_id)
    was_there = found.state == "ready"
    until = time.monotonic() + wait
    while found.state in ("wanted", "making") and time.monotonic() < until:
        release()
        time.sleep(_LOOK_EVERY)
        found = get_audio(found.id)
    return found, was_there
