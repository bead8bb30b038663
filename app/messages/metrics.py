"""Roll-ups: one row per number and local day, so that no page counts the ledger."""

import uuid

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction

COLUMNS = ("sent", "delivered", "read", "replied", "failed", "received")
_ADD = text("""
    INSERT INTO daily_metrics AS d (tenant_id, day, instance_id, sent, delivered, read, replied, failed, received)
    SELECT :tenant, (cast(:now AS timestamptz) AT TIME ZONE t.timezone)::date, :instance,
        greatest(0, :sent), greatest(0, :delivered), greatest(0, :read), greatest(0, :replied), greatest(0, :failed),
        greatest(0, :received)
    FROM tenants t WHERE t.id = :tenant
    ON CONFLICT (tenant_id, day, instance_id) DO UPDATE SET sent = greatest(0, d.sent + :sent),
        delivered = greatest(0, d.delivered + :delivered), read = greatest(0, d.read + :read),
        replied = greatest(0, d.replied + :replied), failed = greatest(0, d.failed + :failed),
        received = greatest(0, d.received + :received)
""")
# Many numbers at once, where nothing is taken back.
_ADD_ALL = text("""
    INSERT INTO daily_metrics AS d (tenant_id, day, instance_id, sent, delivered, read, replied, failed, received)
    SELECT :tenant, (cast(:now AS timestamptz) AT TIME ZONE t.timezone)::date, v.*
    FROM tenants t, unnest(cast(:instances AS uuid[]), cast(:sent AS int[]), cast(:delivered AS int[]),
        cast(:read AS int[]), cast(:replied AS int[]), cast(:failed AS int[]), cast(:received AS int[])) AS v
    WHERE t.id = :tenant
    ON CONFLICT (tenant_id, day, instance_id) DO UPDATE SET sent = d.sent + excluded.sent,
        delivered = d.delivered + excluded.delivered, read = d.read + excluded.read,
        replied = d.replied + excluded.replied, failed = d.failed + excluded.failed,
        received = d.received + excluded.received
""")


def add(instance_id: uuid.UUID, **counts: int) -> None:
    """Add to today's counts of a number (a failure that turned out delivered takes one back).

    Written at the very end of the transaction: everybody who sends or receives on the number wants this one row, and
    held any longer it would make them wait for each other in a circle.
    """
    if not any(counts.values()):
        return
    with transaction() as session:
        pending = session.info.setdefault("metrics", {})
        known = pending.setdefault((current_actor().tenant_id, instance_id), dict.fromkeys(COLUMNS, 0))
        for column, count in counts.items():
            known[column] += int(count)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    pending = session.info.pop("metrics", {})
    for tenant_id in sorted({tenant_id for tenant_id, _instance in pending}):
        numbers = {instance: counts for (tenant, instance), counts in sorted(pending.items()) if tenant == tenant_id}
        base = {"tenant": tenant_id, "now": clock.now()}
        if len(numbers) > 1 and all(count >= 0 for counts in numbers.values() for count in counts.values()):
            columns = {column: [counts[column] for counts in numbers.values()] for column in COLUMNS}
            session.execute(_ADD_ALL, {**base, "instances": [str(instance) for instance in numbers], **columns})
            continue
        for instance_id, counts in numbers.items():
            session.execute(_ADD, {**base, "instance": instance_id, **counts})


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop("metrics", None)
