"""Removing audios that nobody used for a month, and the least recently used ones when the place is full.

The place is one for the whole server; `rules.shares` says how much of it each company may keep.

The row says first that there is no audio (nobody is served it from then on), then the files go, then the row: a crash
between leaves a row whose files are removed by the next round, or an audio that is simply made again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text

from app.core import clock
from app.core.context import current_actor
from app.core.db import release, transaction
from app.voice.service import cache
from app.voice.service.keeping import still_needed

BATCH = 500
_EXPIRED = text("""
    SELECT id, version, key, media_id, path_bytes + voice_bytes AS bytes FROM tts_audio_cache
    WHERE tenant_id = :tenant AND state = 'ready' AND expires_at < :now AND NOT id = ANY (cast(:but AS uuid[]))
    ORDER BY expires_at LIMIT :n FOR UPDATE SKIP LOCKED
""")
_OLDEST = text("""
    SELECT id, version, key, media_id, path_bytes + voice_bytes AS bytes FROM tts_audio_cache
    WHERE tenant_id = :tenant AND state = 'ready' AND NOT id = ANY (cast(:but AS uuid[]))
    ORDER BY last_used, id LIMIT :n FOR UPDATE SKIP LOCKED
""")
_SIZE = text("SELECT coalesce(sum(path_bytes + voice_bytes), 0) FROM tts_audio_cache WHERE tenant_id = :tenant")
_EMPTY = text("""
    UPDATE tts_audio_cache SET state = 'wanted', media_id = NULL, owner = NULL, path_bytes = 0, voice_bytes = 0,
        last_used = :now WHERE id = ANY (cast(:ids AS uuid[]))
""")
_MEDIA = text("DELETE FROM media WHERE id = ANY (cast(:ids AS uuid[]))")
_DROP = text("DELETE FROM tts_audio_cache WHERE id = ANY (cast(:ids AS uuid[])) AND state = 'wanted' RETURNING id")
# Asked for and never made, given up, or emptied by a round that was killed.
_STALE = text("""
    SELECT id, version FROM tts_audio_cache WHERE tenant_id = :tenant AND state <> 'ready'
        AND greatest(last_used, created_at) < cast(:now AS timestamptz) - interval '1 day'
        AND (lease IS NULL OR lease < :now) ORDER BY id LIMIT :n FOR UPDATE SKIP LOCKED
""")
_BACK_TO_WANTED = text("UPDATE tts_audio_cache SET state = 'wanted' WHERE id = ANY (cast(:ids AS uuid[]))")


@dataclass(frozen=True)
class Round:
    removed: int
    freed: int
    spared: frozenset[uuid.UUID]


def evict() -> int:
    """This company's: what expired, and what a crash left. How many were removed."""
    return _all(_EXPIRED) + _sweep()


def shrink(bound: int) -> int:
    """This company's least recently used ones, until no more than `bound` bytes are kept. How many were removed."""
    return _all(_OLDEST, bound)


def size() -> int:
    """Bytes that this company's audios take."""
    with transaction() as session:
        return int(session.scalar(_SIZE, {"tenant": current_actor().tenant_id}) or 0)


def _all(which: TextClause, bound: int | None = None) -> int:
    total, spared = 0, frozenset[uuid.UUID]()
    while bound is None or size() > bound:
        done = _round(which, spared, bound)
        total, spared = total + done.removed, spared | done.spared
        if not done.removed and not done.spared:
            break
    return total


def _round(which: TextClause, spared: frozenset[uuid.UUID], bound: int | None) -> Round:
    """The rows are locked before it is asked who needs them: whoever gives one to a message locks it too."""
    now = clock.now()
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "now": now, "n": BATCH, "but": [str(one) for one in spared]}
        rows = session.execute(which, scope).all()
        needed = still_needed([row.media_id for row in rows if row.media_id])
        gone = [row for row in rows if row.media_id not in needed]
        gone = gone if bound is None else _until_it_fits(gone, bound)
        chosen = [str(row.id) for row in gone]
        session.execute(_EMPTY, {"ids": chosen, "now": now})
        session.execute(_MEDIA, {"ids": [str(row.media_id) for row in gone if row.media_id]})
    cache.forget([row.key for row in gone])
    _remove(gone)
    kept_back = frozenset(row.id for row in rows if row.media_id in needed)
    return Round(len(gone), sum(row.bytes for row in gone), kept_back)


def _until_it_fits(rows: Sequence[Any], bound: int) -> list[Any]:
    """The least recently used ones first, and no more than it takes."""
    chosen, over = [], size() - bound
    for row in rows:
        if over <= 0:
            break
        chosen.append(row)
        over -= row.bytes
    return chosen


def _remove(rows: Sequence[Any]) -> None:
    release()
    for row in rows:
        cache.remove_files(row.id, row.version)
    with transaction() as session:
        session.execute(_DROP, {"ids": [str(row.id) for row in rows]})


def _sweep() -> int:
    now, total = clock.now(), 0
    while True:
        with transaction() as session:
            scope = {"tenant": current_actor().tenant_id, "now": now, "n": BATCH}
            found = session.execute(_STALE, scope).all()
            session.execute(_BACK_TO_WANTED, {"ids": [str(row.id) for row in found]})
        _remove(found)
        total += len(found)
        if len(found) < BATCH:
            return total
