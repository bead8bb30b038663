"""Brakes: a number that keeps failing stops its campaigns by itself and says why."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text

from app.core import clock
from app.core.db import transaction
from app.core.facts import emit
from app.outbox import rules
from app.outbox.models import InstancePace

_CLOSE = text("""
    UPDATE send_lanes SET is_open = false, closed_reason = :reason, updated_at = clock_timestamp()
    WHERE instance_id = :instance AND is_open
""")


def note_outcomes(instance_id: uuid.UUID, outcomes: str) -> None:
    """`outcomes`: `s` accepted and `f` refused, in the order they happened."""
    if not outcomes:
        return
    with transaction() as session:
        pace = session.get(InstancePace, instance_id, with_for_update=True)
        if pace is None:
            return
        pace.recent = rules.remember(pace.recent, outcomes)
        accepted = outcomes.count("s")
        if accepted:
            pace.unacked += accepted
            pace.unacked_since = pace.unacked_since or clock.now()
        session.flush()
        _brake_if_due(pace)


def note_receipts(instance_id: uuid.UUID, statuses: Sequence[str]) -> None:
    """Any sign of life resets the silence; ERROR receipts in a row hide the reach-out lock (463)."""
    run = _run_of_errors(statuses)
    with transaction() as session:
        if run == (0, True):
            session.execute(
                text(
                    "UPDATE instance_pace SET unacked = 0, unacked_since = NULL, error_run = 0 "
                    "WHERE instance_id = :id AND (unacked > 0 OR error_run > 0)"
                ),
                {"id": instance_id},
            )
            return
        pace = session.get(InstancePace, instance_id, with_for_update=True)
        if pace is None:
            return
        count, had_good = run
        pace.error_run = count if had_good else pace.error_run + count
        pace.unacked, pace.unacked_since = 0, None
        session.flush()
        _brake_if_due(pace)


def _run_of_errors(statuses: Sequence[str]) -> tuple[int, bool]:
    """Errors since the last delivery of the batch, and whether there was one. An ack (`sent`) proves neither."""
    count, had_good = 0, False
    for status in statuses:
        if status == "failed":
            count += 1
        elif status in ("delivered", "read", "played"):
            count, had_good = 0, True
    return count, had_good


def _brake_if_due(pace: InstancePace) -> None:
    reason = rules.brake_reason(pace.recent, pace.error_run)
    if reason:
        brake(pace.instance_id, reason)


def brake(instance_id: uuid.UUID, reason: str) -> bool:
    """Close every campaign's lane on the number. False when none was open."""
    with transaction() as session:
        closed = session.execute(_CLOSE, {"instance": instance_id, "reason": reason}).rowcount
        if closed:
            emit("instance.braked", instance_id=instance_id, reason=reason)
        return bool(closed)
