"""Which audios there are. PostgreSQL is the truth, Redis the fast path, the files lie in the storage.

One row per recipe. Whoever claims it makes it, under a lease: a maker that dies is followed by the next one who asks.
Each making writes files of its own name: whoever removes old files never meets new ones, and the next maker removes
what a crash left of the one before.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta

import orjson
import structlog
from redis.exceptions import RedisError
from sqlalchemy import text

from app.core import background, clock, ids
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.core.storage import storage
from app.voice.rules.recipes import Recipe
from app.voice.service.limits import limits

log = structlog.get_logger(__name__)

FAILURE_KEPT = 600.0  # seconds that a text's failure is believed before it is tried again
FAST_SECONDS = 6 * 3600
CHECKED_FOR = 300.0  # seconds that a file is believed to be whole after a look
_checked: dict[tuple[uuid.UUID, int], float] = {}
_MOST_CHECKED = 50_000

_CLAIM = text("""
    INSERT INTO tts_audio_cache AS c (id, tenant_id, key, kind, recipe, state, version, owner, lease, characters,
        expires_at)
    VALUES (:id, :tenant, :key, :kind, cast(:recipe AS jsonb), 'making', 1, :me,
        clock_timestamp() + make_interval(secs => :lease), :characters, :expires)
    ON CONFLICT (tenant_id, key) DO UPDATE SET state = 'making', version = c.version + 1, owner = excluded.owner,
        lease = excluded.lease, error_code = NULL, error_detail = NULL, stand_in = NULL
    WHERE c.state = 'wanted' OR (c.state IN ('making', 'failed') AND c.lease < clock_timestamp())
    RETURNING c.id, c.version
""")
_WANT = text("""
    INSERT INTO tts_audio_cache AS c (id, tenant_id, key, kind, recipe, characters, expires_at)
    VALUES (:id, :tenant, :key, :kind, cast(:recipe AS jsonb), :characters, :expires)
    ON CONFLICT (tenant_id, key) DO UPDATE SET
        state = CASE WHEN c.state = 'failed' AND c.lease < clock_timestamp() THEN 'wanted' ELSE c.state END
    RETURNING c.id, c.state
""")
_COLUMNS = "id, kind, path, media_id, duration, characters, path_bytes, voice_bytes"
_READY = text(f"SELECT {_COLUMNS} FROM tts_audio_cache WHERE tenant_id = :tenant AND key = :key AND state = 'ready'")
_FAILED = text("""
    SELECT error_code, error_detail FROM tts_audio_cache
    WHERE tenant_id = :tenant AND key = :key AND state = 'failed' AND lease > clock_timestamp()
""")
_KEEP = text("""
    UPDATE tts_audio_cache SET state = 'ready', owner = NULL, lease = NULL, path = :path, media_id = :media,
        duration = :duration, path_bytes = :path_bytes, voice_bytes = :voice_bytes, last_used = :now,
        expires_at = :expires
    WHERE id = :id AND state = 'making' AND owner = :me
""")
_FAIL = text("""
    UPDATE tts_audio_cache SET state = :state, owner = NULL,
        lease = clock_timestamp() + make_interval(secs => :kept), error_code = :code, error_detail = :detail
    WHERE id = :id AND state = 'making' AND owner = :me
""")
_POINT = text("UPDATE tts_audio_cache SET state = 'failed', stand_in = :other WHERE id = :id AND state <> 'ready'")
_SPOIL = text("UPDATE tts_audio_cache SET state = 'wanted' WHERE id = :id AND state = 'ready' RETURNING key")
_TOUCH = text("""
    UPDATE tts_audio_cache c SET usage_count = c.usage_count + v.uses, last_used = :now, expires_at = :expires
    FROM (SELECT id, uses FROM unnest(cast(:ids AS uuid[]), cast(:uses AS bigint[])) AS t(id, uses) ORDER BY id) v
    WHERE c.id = v.id AND c.state = 'ready' RETURNING c.id
""")


@dataclass(frozen=True)
class Kept:
    """A ready audio. `path`: the MP3 (of a part: the WAV); `media_id`: the voice note, None for a part."""

    id: uuid.UUID
    kind: str
    path: str
    media_id: uuid.UUID | None
    duration: float
    characters: int
    path_bytes: int
    voice_bytes: int

    @property
    def voice_path(self) -> str:
        return self.path.rpartition(".")[0] + ".ogg"


@dataclass(frozen=True)
class Claim:
    id: uuid.UUID
    version: int


def path_of(audio_id: uuid.UUID, version: int, ending: str) -> str:
    return f"{current_actor().tenant_id}/voice/{audio_id.hex}-{version}.{ending}"


def remove_files(audio_id: uuid.UUID, version: int) -> None:
    """Whatever a making left; nothing is no error. No transaction is open meanwhile."""
    for ending in ("mp3", "ogg", "wav"):
        storage().delete(path_of(audio_id, version, ending))


def find(key: str) -> Kept | None:
    """A ready one whose files are whole; one whose files are not is spoiled, to be made again."""
    found = _fast(key) or _from_table(key)
    if found is None or is_whole(found):
        return found
    log.warning("voice_file_lost", audio_id=str(found.id))
    spoil(found.id, key)
    return None


def _from_table(key: str) -> Kept | None:
    row = read_session().execute(_READY, {"tenant": current_actor().tenant_id, "key": key}).one_or_none()
    if row is None:
        return None
    found = Kept(*row)
    _remember(key, found)
    return found


def _fast_key(key: str) -> str:
    return f"voice:{current_actor().tenant_id.hex}:{key}"


def _fast(key: str) -> Kept | None:
    try:
        raw = background.redis().get(_fast_key(key))
    except RedisError:
        return None  # the table knows
    return _unpacked(raw) if raw else None


def _unpacked(raw: bytes) -> Kept:
    plain = orjson.loads(raw)
    plain[0] = uuid.UUID(plain[0])
    plain[3] = plain[0] if plain[3] else None  # a voice note has its audio's own id
    return Kept(*plain)


def _remember(key: str, found: Kept) -> None:
    try:
        background.redis().set(_fast_key(key), orjson.dumps(astuple(found)), ex=FAST_SECONDS)
    except RedisError:
        log.debug("voice_without_redis")


def forget(keys: Sequence[str]) -> None:
    try:
        if keys:
            background.redis().delete(*[_fast_key(key) for key in keys])
    except RedisError:
        log.warning("voice_without_redis")  # its files are looked at before they are used


def is_whole(found: Kept) -> bool:
    """Whether the files are there, as long as they were written; a good answer is believed for a while."""
    mark = (found.id, found.path_bytes)
    now = time.monotonic()
    if _checked.get(mark, 0.0) > now:
        return True
    if not _has(found.path, found.path_bytes):
        return False
    if found.media_id and not _has(found.voice_path, found.voice_bytes):
        return False
    if len(_checked) > _MOST_CHECKED:
        _checked.clear()
    _checked[mark] = now + CHECKED_FOR
    return True


def _has(path: str, size: int) -> bool:
    try:
        return storage().size(path) == size
    except FileNotFoundError:
        return False


def spoil(audio_id: uuid.UUID, key: str | None = None) -> None:
    """It will be made again when somebody asks."""
    with transaction() as session:
        found = session.scalar(_SPOIL, {"id": audio_id})
    forget([one for one in {key, found} if one])
    for mark in [mark for mark in _checked if mark[0] == audio_id]:
        _checked.pop(mark, None)


def _new(recipe: Recipe) -> dict[str, object]:
    return {
        "id": ids.new_id(),
        "tenant": current_actor().tenant_id,
        "key": recipe.key,
        "kind": recipe.kind,
        "recipe": json.dumps(recipe.as_json(), ensure_ascii=False),
        "characters": recipe.characters,
        "expires": clock.now() + timedelta(days=limits().keep_days),
    }


def claim(recipe: Recipe, me: str) -> Claim | None:
    """The row is ours to make; None while somebody else makes it, or it is ready, or has just failed."""
    with transaction() as session:
        row = session.execute(_CLAIM, _new(recipe) | {"me": me, "lease": limits().lease}).one_or_none()
    return Claim(row.id, row.version) if row else None


def want(recipe: Recipe) -> tuple[uuid.UUID, str]:
    """The row of an audio that a job will make, and its state."""
    with transaction() as session:
        row = session.execute(_WANT, _new(recipe)).one()
    return row.id, row.state


def failure_of(key: str) -> tuple[str, str] | None:
    """What went wrong with it lately."""
    row = read_session().execute(_FAILED, {"tenant": current_actor().tenant_id, "key": key}).one_or_none()
    return (row.error_code or "broken", row.error_detail or "") if row else None


def keep(recipe: Recipe, found: Kept, me: str) -> bool:
    """False when our lease ran out and somebody else makes it."""
    now = clock.now()
    values = {
        "id": found.id, "path": found.path, "media": found.media_id, "duration": found.duration, "me": me, "now": now,
        "path_bytes": found.path_bytes, "voice_bytes": found.voice_bytes,
        "expires": now + timedelta(days=limits().keep_days),
    }  # fmt: skip
    with transaction() as session:
        done = session.execute(_KEEP, values).rowcount == 1
    if done:
        _remember(recipe.key, found)
    return done


def fail(audio_id: uuid.UUID, me: str, code: str, detail: str, *, lasting: bool) -> None:
    values = {"id": audio_id, "me": me, "code": code, "detail": detail.replace("\0", "")[:500]}
    with transaction() as session:
        session.execute(_FAIL, values | {"state": "failed", "kept": FAILURE_KEPT if lasting else 0.0})


def point_to(audio_id: uuid.UUID, other: uuid.UUID) -> None:
    """Whoever waits for the first hears the stand-in's."""
    with transaction() as session:
        session.execute(_POINT, {"id": audio_id, "other": other})


def touch(uses: Mapping[uuid.UUID, int]) -> set[uuid.UUID]:
    """Count uses and put off the end of their keeping. Those that are still there: an eviction that came first has
    taken the others."""
    if not uses:
        return set()
    now = clock.now()
    values = {"ids": [str(one) for one in uses], "uses": list(uses.values()), "now": now}
    with transaction() as session:
        rows = session.scalars(_TOUCH, values | {"expires": now + timedelta(days=limits().keep_days)})
        return set(rows.all())
