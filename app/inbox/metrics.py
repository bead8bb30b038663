"""Roll-ups of attendance: one row per local day, hour, queue and person, written with the verbs."""

import uuid

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction

NOBODY = uuid.UUID(int=0)  # no queue, no person
COLUMNS = ("opened", "closed", "first_responses", "first_response_s", "resolutions", "resolution_s", "ratings",
           "rating_sum", "sent", "received")  # fmt: skip
_ADD = text(f"""
    INSERT INTO attendance_daily AS d (tenant_id, day, hour, queue_id, user_id, {", ".join(COLUMNS)})
    SELECT :tenant, local.at::date, extract(hour FROM local.at), :queue, :user, {", ".join(f":{c}" for c in COLUMNS)}
    FROM tenants t, LATERAL (SELECT cast(:now AS timestamptz) AT TIME ZONE t.timezone AS at) local WHERE t.id = :tenant
    ON CONFLICT (tenant_id, day, hour, queue_id, user_id)
        DO UPDATE SET {", ".join(f"{c} = d.{c} + excluded.{c}" for c in COLUMNS)}
""")


def add(queue_id: uuid.UUID | None, user_id: uuid.UUID | None, **counts: int) -> None:
    """Written at the very end of the transaction, in one order, so that nobody waits in a circle for a busy row."""
    with transaction() as session:
        pending = session.info.setdefault("attendance", {})
        key = (current_actor().tenant_id, queue_id or NOBODY, user_id or NOBODY)
        known = pending.setdefault(key, dict.fromkeys(COLUMNS, 0))
        for column, count in counts.items():
            known[column] += int(count)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    pending = session.info.pop("attendance", {})
    for key in sorted(pending):
        tenant_id, queue_id, user_id = key
        values = {"tenant": tenant_id, "queue": queue_id, "user": user_id, "now": clock.now()}
        session.execute(_ADD, values | pending[key])


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop("attendance", None)
