"""After a backup was restored: what woke held, and the person who decides that it may go."""

from sqlalchemy import text

from app.core.audit import audit
from app.core.db import transaction
from app.core.facts import emit
from app.core.permissions import require
from app.outbox.service.queueing import wake

_COUNT = text("SELECT count(*) FROM outbox WHERE held = 'restored'")
_RELEASE = text("""
    WITH free AS (
        UPDATE outbox o SET held = CASE WHEN m.type = 'voice' AND m.campaign_id IS NOT NULL THEN 'voice' END
        FROM messages m WHERE o.held = 'restored' AND m.id = o.message_id RETURNING o.message_id, o.state
    ), back AS (
        UPDATE messages m SET status = 'queued' FROM free
        WHERE m.id = free.message_id AND free.state = 'queued' AND m.status = 'held'
    )
    SELECT count(*) FROM free
""")


def count_restored() -> int:
    with transaction() as session:
        return int(session.scalar(_COUNT) or 0)


def release_restored() -> int:
    """A person says that nobody else sent them since the backup was made. How many may go; what had started when the
    backup was made stays unconfirmed."""
    require("settings.manage")
    with transaction() as session:
        count = int(session.scalar(_RELEASE) or 0)
        if count:
            audit("outbox.release_restored", "outbox", None, {"messages": count})
            emit("outbox.released", count=count)
            wake()
    return count
