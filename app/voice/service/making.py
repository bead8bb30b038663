"""Making audios, in workers only: each recipe once, however many ask for it at the same moment.

No database connection is held while a provider speaks, a file is encoded or written, or another maker is waited for.
"""

from __future__ import annotations

import io
import secrets
import threading
import time
import uuid
import wave
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from decimal import Decimal

import structlog
from redis.exceptions import RedisError
from sqlalchemy import text

from app.core import background
from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.storage import fingerprint, storage
from app.speech.audio import (
    VOICE_NOTE_MIME,
    AudioError,
    encode_mp3,
    encode_voice_note,
    is_silent,
    join,
    peaks,
    tidy,
)
from app.speech.pauses import gap_after
from app.speech.port import Sound
from app.voice.rules.recipes import Recipe, is_speakable
from app.voice.service import cache, money, speaking
from app.voice.service.accounts import note_refused
from app.voice.service.cache import Claim, Kept
from app.voice.service.limits import limits
from app.voice.service.trouble import Trouble

log = structlog.get_logger(__name__)

FIRST_LOOK, LONGEST_LOOK = 0.05, 1.0
OUT_FOR = 60  # seconds that a provider's outage is believed, so that not every audio waits for its timeouts
_PARTS_IN_MEMORY = 24 * 1024 * 1024
_MEDIA = text("""
    INSERT INTO media (id, tenant_id, file_name, mime_type, size, sha256, storage_key, kind, seconds, peaks)
    VALUES (:id, :tenant, :name, :mime, :size, :sha256, :key, 'voice', :seconds, cast(:peaks AS smallint[]))
    ON CONFLICT (id) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, storage_key = excluded.storage_key,
        seconds = excluded.seconds, peaks = excluded.peaks
""")


@dataclass(frozen=True)
class Made:
    """`cached`: nothing was synthesised for it. `parts`: shared audios that it was made of, for counting uses."""

    kept: Kept
    recipe: Recipe
    billed: int = 0
    cost: Decimal = Decimal(0)
    parts: tuple[uuid.UUID, ...] = field(default=(), repr=False)

    @property
    def cached(self) -> bool:
        return not self.billed

    def use(self) -> money.Use:
        one = self.recipe.speaker
        return money.Use(
            one.provider, one.voice_class, self.cached, self.kept.characters, self.billed, self.kept.duration, self.cost
        )


def obtain(recipe: Recipe) -> Made:
    """The audio, made now if nobody has made it yet. While its provider is away the stand-in speaks, if the owner
    chose one. Raises Trouble."""
    stand_in = recipe.by_stand_in()
    if stand_in is not None and _is_out(recipe.speaker.provider) and cache.find(recipe.key) is None:
        return obtain(stand_in)
    try:
        return _obtain(recipe)
    except Trouble as trouble:
        if not trouble.is_outage or stand_in is None:
            raise
        _note_outage(recipe.speaker.provider)
        return obtain(stand_in)


def _obtain(recipe: Recipe) -> Made:
    me = secrets.token_hex(8)
    until, pause = time.monotonic() + limits().patience, FIRST_LOOK
    while True:
        if found := cache.find(recipe.key):
            return Made(found, recipe)
        if claim := cache.claim(recipe, me):
            return _make(recipe, claim, me)
        if failure := cache.failure_of(recipe.key):
            raise Trouble(*failure)
        release()
        if time.monotonic() > until:
            raise Trouble("busy")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_LOOK)


def _make(recipe: Recipe, claim: Claim, me: str) -> Made:
    """Ours by lease. A lease that ran out means that somebody else's audio counts, which is as good."""
    release()
    try:
        sound, made = _sound_of(recipe)
        kept = _store(recipe, claim, sound)
    except Trouble as trouble:
        cache.fail(claim.id, me, trouble.code, trouble.detail, lasting=trouble.is_the_texts)
        if trouble.code == "credentials":
            note_refused(recipe.speaker.provider, trouble.detail)
        raise
    except AudioError as error:
        code = "unspeakable" if error.code == "empty" else "broken"
        cache.fail(claim.id, me, code, str(error), lasting=True)
        raise Trouble(code, str(error)) from error
    if not cache.keep(recipe, kept, me):
        log.info("voice_lease_lost", audio_id=str(claim.id))
        return replace(_obtain(recipe), billed=made.billed, cost=made.cost)
    return Made(kept, recipe, made.billed, made.cost, made.parts)


@dataclass(frozen=True)
class _Spent:
    billed: int = 0
    cost: Decimal = Decimal(0)
    parts: tuple[uuid.UUID, ...] = ()


def _sound_of(recipe: Recipe) -> tuple[Sound, _Spent]:
    pieces = recipe.pieces()
    if not pieces:
        return _spoken(recipe)
    sounds, billed, cost, used = [], 0, Decimal(0), []
    for piece in pieces:
        made, sound = _heard(piece)
        sounds.append(sound)
        billed, cost = billed + made.billed, cost + made.cost
        used.append(made.kept.id)
    gaps = [gap_after(piece.parts[0]) for piece in pieces]
    return join(sounds, gaps), _Spent(billed, cost, tuple(used))


def _spoken(recipe: Recipe) -> tuple[Sound, _Spent]:
    words = recipe.parts[0]
    if not is_speakable(words):
        raise Trouble("unspeakable")
    one = recipe.speaker
    cost = money.reserve(one.provider, one.voice_class, len(words))
    release()
    try:
        sound = tidy(speaking.synthesise(one, words), volume=one.volume)
        if is_silent(sound):
            raise Trouble("unspeakable")
    except BaseException:
        money.refund(cost)
        raise
    return sound, _Spent(len(words), cost)


def _store(recipe: Recipe, claim: Claim, sound: Sound) -> Kept:
    """Files first, under this making's own names; whatever a killed maker left of the one before goes."""
    if claim.version > 1:
        cache.remove_files(claim.id, claim.version - 1)
    is_part = recipe.kind == "part"
    data = _wav(sound) if is_part else encode_mp3(sound)
    path = cache.path_of(claim.id, claim.version, "wav" if is_part else "mp3")
    storage().put(path, data, "audio/wav" if is_part else "audio/mpeg")
    kept = Kept(claim.id, recipe.kind, path, None, sound.seconds, recipe.characters, len(data), 0)
    return kept if is_part else _with_voice_note(kept, sound)


def _with_voice_note(kept: Kept, sound: Sound) -> Kept:
    """The row of files that messages carry has the audio's own id."""
    note = encode_voice_note(sound)
    storage().put(kept.voice_path, note, VOICE_NOTE_MIME)
    values = {
        "id": kept.id, "tenant": current_actor().tenant_id, "name": "voz.ogg", "mime": VOICE_NOTE_MIME,
        "size": len(note), "key": kept.voice_path, "seconds": sound.seconds, "peaks": peaks(sound),
        # Never equal to an upload's: nobody else may lean on a file that is removed after a month.
        "sha256": "voice-" + fingerprint(note),
    }  # fmt: skip
    with transaction() as session:
        session.execute(_MEDIA, values)
    release()
    return replace(kept, media_id=kept.id, voice_bytes=len(note))


def _wav(sound: Sound) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(sound.sample_rate)
        target.writeframes(sound.pcm)
    return file.getvalue()


class _Shelf:
    """The last parts heard, bounded in bytes: what ten thousand audios share is read once."""

    def __init__(self) -> None:
        self._sounds: OrderedDict[uuid.UUID, Sound] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, part: Kept) -> Sound:
        with self._lock:
            if found := self._sounds.get(part.id):
                self._sounds.move_to_end(part.id)
                return found
        with wave.open(io.BytesIO(storage().read(part.path))) as file:
            sound = Sound(file.readframes(file.getnframes()), file.getframerate())
        with self._lock:
            self._bytes += 0 if part.id in self._sounds else len(sound.pcm)
            self._sounds[part.id] = sound
            while self._bytes > _PARTS_IN_MEMORY and len(self._sounds) > 1:
                self._bytes -= len(self._sounds.popitem(last=False)[1].pcm)
        return sound


_shelf = _Shelf()


def _heard(piece: Recipe) -> tuple[Made, Sound]:
    """A part and its sound; one whose file was lost since it was looked at is made again, once."""
    made = _obtain(piece)
    release()
    try:
        return made, _shelf.get(made.kept)
    except (FileNotFoundError, EOFError, wave.Error):
        cache.spoil(made.kept.id, piece.key)
    made = _obtain(piece)
    release()
    return made, _shelf.get(made.kept)


def _is_out(provider: str) -> bool:
    try:
        return bool(background.redis().exists(_out_key(provider)))
    except RedisError:
        return False


def _note_outage(provider: str) -> None:
    try:
        background.redis().set(_out_key(provider), "1", ex=OUT_FOR)
    except RedisError:
        log.warning("voice_without_redis")


def _out_key(provider: str) -> str:
    return f"voice:out:{current_actor().tenant_id.hex}:{provider}"
