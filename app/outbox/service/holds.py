"""Holds: a number in trouble sends nothing until a probe finds it well; no attempt is spent meanwhile."""

import uuid
from datetime import timedelta

from sqlalchemy import text

from app.core import clock
from app.core.db import transaction
from app.core.facts import emit

# `verify` outranks passing trouble: it ends only after the search ran.
_HOLD = text("""
    UPDATE instance_pace SET hold_detail = :detail, held_at = coalesce(held_at, :now), probe_at = :probe_at,
        hold = CASE WHEN hold = 'verify' THEN hold ELSE :reason END
    WHERE instance_id = :instance AND (hold IS DISTINCT FROM :reason OR probe_at IS NULL)
    RETURNING instance_id
""")
_RELEASE = text("""
    UPDATE instance_pace SET hold = NULL, hold_detail = NULL, held_at = NULL, probe_at = NULL, probe_tries = 0
    WHERE instance_id = :instance AND hold IS NOT NULL RETURNING instance_id
""")
_POSTPONE = text("UPDATE instance_pace SET probe_at = :probe_at WHERE instance_id = :instance AND hold IS NOT NULL")
_REPLACE = text("""
    UPDATE instance_pace SET hold = :reason, hold_detail = :detail, held_at = coalesce(held_at, :now),
        probe_at = :probe_at WHERE instance_id = :instance
""")


def hold(instance_id: uuid.UUID, reason: str, detail: str = "", *, probe_in: float = 5.0) -> None:
    """Stop the number and look again in `probe_in` seconds. A second hold keeps the first's clock."""
    with transaction() as session:
        held = session.execute(
            _HOLD,
            {
                "instance": instance_id,
                "reason": reason,
                "detail": detail[:500],
                "now": clock.now(),
                "probe_at": clock.now() + timedelta(seconds=probe_in),
            },
        ).all()
        if held:
            emit("instance.held", instance_id=instance_id, reason=reason)


def change(instance_id: uuid.UUID, reason: str, detail: str, *, probe_in: float) -> None:
    """The probe found another trouble."""
    with transaction() as session:
        session.execute(
            _REPLACE,
            {
                "instance": instance_id,
                "reason": reason,
                "detail": detail[:500],
                "now": clock.now(),
                "probe_at": clock.now() + timedelta(seconds=probe_in),
            },
        )


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
