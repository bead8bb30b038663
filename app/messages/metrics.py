"""Roll-ups: one row per number and local day, so that no page counts the ledger."""

import uuid

from sqlalchemy import text

from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction

COLUMNS = ("sent", "delivered", "read", "replied", "failed", "received")
_ADD = text("""
    INSERT INTO daily_metrics AS d (tenant_id, day, instance_id, sent, delivered, read, replied, failed, received)
    SELECT :tenant, (cast(:now AS timestamptz) AT TIME ZONE t.timezone)::date, :instance,
        :sent, :delivered, :read, :replied, :failed, :received
    FROM tenants t WHERE t.id = :tenant
    ON CONFLICT (tenant_id, day, instance_id) DO UPDATE SET sent = d.sent + excluded.sent,
        delivered = d.delivered + excluded.delivered, read = d.read + excluded.read,
        replied = d.replied + excluded.replied, failed = d.failed + excluded.failed,
        received = d.received + excluded.received
""")


def add(instance_id: uuid.UUID, **counts: int) -> None:
    """Add to today's counts of a number; a batch is one statement, zeros are none."""
    if not any(counts.values()):
        return
    values = {column: int(counts.get(column, 0)) for column in COLUMNS}
    with transaction() as session:
        session.execute(
            _ADD, {"tenant": current_actor().tenant_id, "now": clock.now(), "instance": instance_id, **values}
        )
