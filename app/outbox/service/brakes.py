"""Brakes: a number that keeps failing stops its campaigns by itself and says why."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.core import clock
from app.core.context import acting, system
from app.core.db import after_commit, transaction
from app.core.facts import emit
from app.outbox import rules
from app.outbox.models import InstancePace
from app.outbox.service import holds

_CLOSE = text("""
    UPDATE send_lanes SET is_open = false, closed_reason = :reason, updated_at = clock_timestamp()
    WHERE instance_id = :instance AND is_open
""")
_QUIET = text("""
    UPDATE instance_pace SET unacked = 0, unacked_since = NULL, error_run = 0
    WHERE instance_id = :id AND (unacked > 0 OR error_run > 0)
""")
_NOTE = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:ids AS uuid[]), cast(:runs AS text[]), cast(:unacked AS int[]),
            cast(:errors AS int[])) AS t(instance_id, run, unacked, errors)
    ), mine AS (
        SELECT p.instance_id FROM instance_pace p JOIN v USING (instance_id) ORDER BY p.instance_id FOR UPDATE OF p
    )
    UPDATE instance_pace p SET recent = right(p.recent || v.run, :window), error_run = p.error_run + v.errors,
        unacked = p.unacked + v.unacked,
        unacked_since = CASE WHEN v.unacked > 0 THEN coalesce(p.unacked_since, :now) ELSE p.unacked_since END,
        probe_tries = CASE WHEN position('s' in v.run) > 0 THEN 0 ELSE p.probe_tries END
    FROM v JOIN mine USING (instance_id) WHERE p.instance_id = v.instance_id
    RETURNING p.instance_id, p.recent, p.error_run
""")
_UNHURRIED = text("SELECT set_config('synchronous_commit', 'off', true)")
_SILENT = text("SELECT * FROM outbox_silent(:messages, :seconds)")


@dataclass(frozen=True)
class Outcomes:
    """Of one number. `run`: `s` accepted and `f` refused, in the order they happened. `unacknowledged`: how many of the
    accepted nobody told of yet; `errors`: refused after they were accepted."""

    instance_id: uuid.UUID
    run: str
    unacknowledged: int = 0
    errors: int = 0


def note_outcomes(found: Sequence[Outcomes]) -> None:
    """Counted right after the results are committed: every go of a number waits for its row, and should not wait for
    the disk that keeps the results."""
    found = sorted((outcomes for outcomes in found if outcomes.run), key=lambda outcomes: outcomes.instance_id)
    if found:
        after_commit(lambda: _note_outcomes(found))


def _note_outcomes(found: Sequence[Outcomes]) -> None:
    values = {
        "ids": [str(outcomes.instance_id) for outcomes in found],
        "runs": [outcomes.run for outcomes in found],
        "unacked": [outcomes.unacknowledged for outcomes in found],
        "errors": [outcomes.errors for outcomes in found],
    }
    with transaction() as session:
        session.execute(_UNHURRIED)
        for row in session.execute(_NOTE, {**values, "window": rules.WINDOW, "now": clock.now()}).all():
            _brake_if_due(row.instance_id, row.recent, row.error_run)


def note_receipts(instance_id: uuid.UUID, statuses: Sequence[str]) -> None:
    """In the order they came, each failure once. Any sign of life resets the silence; ERROR receipts in a row hide the
    reach-out lock (463)."""
    if not statuses:
        return
    count, had_good = _run_of_errors(statuses)
    with transaction() as session:
        if "failed" not in statuses:
            session.execute(_QUIET, {"id": instance_id})
            return
        pace = session.get(InstancePace, instance_id, with_for_update=True, populate_existing=True)
        if pace is None:
            return
        pace.error_run = count if had_good else pace.error_run + count
        pace.recent = rules.refused_later(pace.recent, statuses.count("failed"))
        pace.unacked, pace.unacked_since = 0, None
        session.flush()
        _brake_if_due(instance_id, pace.recent, pace.error_run)


def _run_of_errors(statuses: Sequence[str]) -> tuple[int, bool]:
    """Errors since the last delivery of the batch, and whether there was one. An ack (`sent`) proves neither."""
    count, had_good = 0, False
    for status in statuses:
        if status == "failed":
            count += 1
        elif status in ("delivered", "read", "played"):
            count, had_good = 0, True
    return count, had_good


def _brake_if_due(instance_id: uuid.UUID, recent: str, error_run: int) -> None:
    reason = rules.brake_reason(recent, error_run)
    if reason:
        brake(instance_id, reason)


def brake(instance_id: uuid.UUID, reason: str) -> bool:
    """Close every campaign's lane on the number. False when none was open."""
    with transaction() as session:
        closed = session.execute(_CLOSE, {"instance": instance_id, "reason": reason}).rowcount
        if closed:
            emit("instance.braked", instance_id=instance_id, reason=reason)
        return bool(closed)


def on_disconnected(instance_id: str, reason: str = "", final: bool = False, **_facts: Any) -> None:
    """A ban, a logout, a person's disconnect (`instance.disconnected`): nothing more is tried on this number, and its
    campaigns wait for a person even when it comes back."""
    if final:
        number = uuid.UUID(str(instance_id))
        holds.hold(number, "disconnected", reason, probe_in=5.0)
        brake(number, "disconnected" if reason == "by_user" else reason or "disconnected")


def brake_silent(silent_after: float) -> int:
    """Numbers that accept and never hear back: connected but dead. `silent_after` in seconds. How many were stopped."""
    with transaction() as session:
        found = session.execute(_SILENT, {"messages": rules.UNACKED, "seconds": silent_after}).all()
    stopped = 0
    for row in found:
        with acting(system(row.tenant_id)):
            stopped += brake(row.instance_id, "unacknowledged")
    return stopped
