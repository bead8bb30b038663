"""Files that nobody uses any more: uploaded and never sent, or left behind when their messages were purged.

A use is a `media_id` in any table of ours; features that keep ids elsewhere (in a JSON of theirs) say so with
`follow_uses`. A file is swept a month after it came.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from sqlalchemy import Row, text

from app.core import clock
from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.storage import storage

KEPT = timedelta(days=30)
BATCH = 500
Uses = Callable[[Sequence[uuid.UUID]], Collection[uuid.UUID]]
_followers: list[Uses] = []

# Partitions are reached through their table.
_TABLES = text("""
    SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname = 'media_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relnamespace = 'public'::regnamespace ORDER BY 1
""")
# A campaign's messages share the campaign's file; what the system spoke for a campaign is the voice cache's affair.
_CANDIDATES = """
    SELECT f.id FROM media f WHERE f.tenant_id = :tenant AND f.id > :after AND f.created_at < :before
        AND NOT (f.kind = 'voice' AND f.created_by IS NULL) AND {unused}
    ORDER BY f.id LIMIT :n
"""
# Whoever is about to use a file holds its row (`check_uploaded`): locked first, asked again after.
_LOCK = text("SELECT id FROM media WHERE id = ANY (cast(:ids AS uuid[])) ORDER BY id FOR UPDATE")
_DELETE = """
    DELETE FROM media f WHERE f.id = ANY (cast(:ids AS uuid[])) AND {unused}
    RETURNING f.storage_key, f.thumb_key, f.sha256
"""
_SHARED = text("SELECT 1 FROM media WHERE tenant_id = :tenant AND sha256 = :sha256 AND storage_key = :key LIMIT 1")


def follow_uses(call: Uses) -> None:
    """`call(ids)` answers which of the files a feature still uses where no `media_id` column shows it."""
    if call not in _followers:
        _followers.append(call)


def sweep(kept: timedelta = KEPT) -> int:
    """The acting company's; how many files went."""
    unused = _unused()
    after, total = uuid.UUID(int=0), 0
    values = {"tenant": current_actor().tenant_id, "before": clock.now() - kept, "n": BATCH}
    while True:
        with transaction() as session:
            found = session.scalars(text(_CANDIDATES.format(unused=unused)), {**values, "after": after}).all()
        if not found:
            return total
        gone = _delete(found, unused)
        release()
        for row in gone:
            _forget(row)
        total, after = total + len(gone), found[-1]


def _unused() -> str:
    with transaction() as session:
        tables = session.scalars(_TABLES).all()
    more = {"messages": " AND u.campaign_id IS NULL"}  # its index leaves campaigns out
    return " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {name} u WHERE u.media_id = f.id{more.get(name, '')})" for name in tables
    )


def _delete(found: Sequence[uuid.UUID], unused: str) -> Sequence[Row[tuple[str, str | None, str]]]:
    used = {media_id for call in _followers for media_id in call(found)}
    values = {"ids": [str(media_id) for media_id in found if media_id not in used]}
    with transaction() as session:
        session.execute(_LOCK, values)
        return session.execute(text(_DELETE.format(unused=unused)), values).all()


def _forget(row: Row[tuple[str, str | None, str]]) -> None:
    """The stored bytes, unless another name shares them."""
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "sha256": row.sha256, "key": row.storage_key}
        is_shared = session.scalar(_SHARED, scope)
    if not is_shared:
        storage().delete(row.storage_key)
    if row.thumb_key:
        storage().delete(row.thumb_key)
