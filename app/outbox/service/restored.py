"""After a backup was restored: what woke held, and the person who decides that it may go."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core import clock
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

_NUMBERS = text("""
    SELECT i.id, i.name, i.provider, i.external_name, i.credentials, count(*) AS held
    FROM outbox o JOIN instances i ON i.id = o.instance_id WHERE o.held = 'restored'
    GROUP BY i.id, i.name, i.provider, i.external_name, i.credentials ORDER BY i.name, i.id
""")
# No message left before it was made; a proof from then on takes it off the queue.
_SUSPECT = text("""
    WITH held AS (
        UPDATE outbox o SET unknown_at = coalesce(o.unknown_at, o.started_at, m.created_at)
        FROM messages m WHERE m.id = o.message_id AND o.instance_id = :instance AND o.held = 'restored'
        RETURNING o.unknown_at
    )
    SELECT min(unknown_at) FROM held
""")


@dataclass(frozen=True)
class Number:
    id: uuid.UUID
    name: str
    provider: str
    external_name: str
    credentials: bytes
    held: int


def numbers_with_restored() -> list[Number]:
    with transaction() as session:
        return [Number(**row) for row in session.execute(_NUMBERS).mappings()]


def suspect(instance_id: uuid.UUID) -> datetime:
    """What a restore holds may have left by the original: proofs are looked for. The oldest moment it can have left."""
    require("settings.manage")
    with transaction() as session:
        found = session.scalar(_SUSPECT, {"instance": instance_id})
        audit("outbox.search_restored", "instance", instance_id)
    return found or clock.now()


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
