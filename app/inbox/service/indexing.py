"""Words that search does not know yet: of messages older than it, or restored from elsewhere."""

from sqlalchemy import text

from app.core.context import current_actor
from app.core.db import release, transaction
from app.inbox.rules import searchable

BATCH = 1_000

# Exactly what the partial index `messages_unsearched` holds; a row that somebody is settling waits for the next turn.
_UNKNOWN = text("""
    SELECT id, body FROM messages WHERE tenant_id = :tenant AND search IS NULL AND ticket_id IS NOT NULL AND body <> ''
    ORDER BY id DESC LIMIT :n FOR UPDATE SKIP LOCKED
""")
_FILL = text("""
    UPDATE messages m SET search = v.search
    FROM unnest(cast(:ids AS uuid[]), cast(:words AS text[])) AS v(id, search) WHERE m.id = v.id
""")


def fill_search(most: int = 200_000) -> int:
    """The acting company's, the newest first, a short transaction per batch. How many."""
    done = 0
    while done < most:
        with transaction() as session:
            rows = session.execute(_UNKNOWN, {"tenant": current_actor().tenant_id, "n": BATCH}).all()
            if rows:
                words = [searchable(row.body) for row in rows]
                session.execute(_FILL, {"ids": [str(row.id) for row in rows], "words": words})
        release()
        done += len(rows)
        if len(rows) < BATCH:
            break
    return done
