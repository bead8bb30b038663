"""Holds: a number in trouble sends nothing until a probe finds it well; no attempt is spent meanwhile."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from app.core import clock
from app.core.db import transaction
from app.core.facts import emit
from app.outbox import rules

LONGEST = 3600.0

_TRIES = text("SELECT probe_tries, hold FROM instance_pace WHERE instance_id = :instance FOR UPDATE")
# `verify` outranks passing trouble: it ends only after the search ran.
_HOLD = text("""
    UPDATE instance_pace SET hold_detail = :detail, held_at = coalesce(held_at, :now), probe_at = :probe_at,
        hold = CASE WHEN hold = 'verify' THEN hold ELSE :reason END
    WHERE instance_id = :instance
""")
# The count of probes stays until a message is accepted: trouble that comes back at once is looked at ever later.
_RELEASE = text("""
    UPDATE instance_pace SET hold = NULL, hold_detail = NULL, held_at = NULL, probe_at = NULL
    WHERE instance_id = :instance AND hold IS NOT NULL RETURNING instance_id
""")
_POSTPONE = text("UPDATE instance_pace SET probe_at = :probe_at WHERE instance_id = :instance AND hold IS NOT NULL")
_REPLACE = text("""
    UPDATE instance_pace SET hold = :reason, hold_detail = :detail, held_at = coalesce(held_at, :now),
        probe_at = :probe_at WHERE instance_id = :instance
""")


def hold(
    instance_id: uuid.UUID, reason: str, detail: str = "", *, probe_in: float, probe_after: Sequence[float] = ()
) -> None:
    """Stop the number and look again in `probe_in` seconds, later (`probe_after`) when the last holds did not help.
    A second hold for the same reason keeps the first's clock."""
    with transaction() as session:
        now = session.execute(_TRIES, {"instance": instance_id}).one_or_none()
        if now is None or now.hold == reason:
            return
        backoff = rules.probe_delay(now.probe_tries, probe_after) if probe_after else 0.0
        wait = probe_in if probe_in and not now.probe_tries else max(probe_in, backoff)
        session.execute(_HOLD, _values(instance_id, reason, detail, wait))
        emit("instance.held", instance_id=instance_id, reason=reason)


def change(instance_id: uuid.UUID, reason: str, detail: str, *, probe_in: float) -> None:
    """The probe found another trouble."""
    with transaction() as session:
        session.execute(_REPLACE, _values(instance_id, reason, detail, probe_in))


def _values(instance_id: uuid.UUID, reason: str, detail: str, probe_in: float) -> dict[str, object]:
    return {
        "instance": instance_id,
        "reason": reason,
        "detail": detail[:500],
        "now": clock.now(),
        "probe_at": clock.now() + timedelta(seconds=min(probe_in, LONGEST)),
    }


def postpone(instance_id: uuid.UUID, probe_in: float) -> None:
    with transaction() as session:
        session.execute(_POSTPONE, {"instance": instance_id, "probe_at": clock.now() + timedelta(seconds=probe_in)})


def probe_soon(instance_id: uuid.UUID) -> None:
    """News from the gateway (connected again): do not wait for the back-off."""
    postpone(instance_id, 0.0)


def release(instance_id: uuid.UUID) -> None:
    with transaction() as session:
        if session.execute(_RELEASE, {"instance": instance_id}).all():
            emit("instance.released", instance_id=instance_id)
