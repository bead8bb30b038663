"""What is looked at, and what was found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from app.alerts.models import Alert
from app.alerts.rules import Day
from app.core import clock
from app.core.context import current_actor
from app.core.db import read_session
from app.core.permissions import require
from app.voice.queries import usage
from app.voice.rules.money import Budget
from app.voice.service.money import today as voice_day

SILENT_MESSAGES, SILENT_MINUTES, GONE_MINUTES = 5, 10, 5
KEPT_DAYS = 7

_TODAY = text("""
    SELECT coalesce(sum(d.sent), 0), coalesce(sum(d.delivered), 0), coalesce(sum(d.failed), 0)
    FROM daily_metrics d JOIN tenants t ON t.id = d.tenant_id
    WHERE d.tenant_id = :tenant AND d.day = (cast(:now AS timestamptz) AT TIME ZONE t.timezone)::date
""")
_LATE = text("SELECT i.id::text, i.name, l.seconds FROM late_numbers() l JOIN instances i ON i.id = l.instance_id")
# Connected once, and not now; or accepting for minutes what nobody acknowledges.
_NUMBERS = text("""
    SELECT i.id::text, i.name, CASE WHEN i.status = 'connected' THEN 'silent' ELSE 'disconnected' END
    FROM instances i JOIN instance_pace p ON p.instance_id = i.id
    WHERE i.is_active AND i.deleted_at IS NULL AND (
        (i.status IN ('disconnected', 'failed') AND i.last_connection_at < :now - make_interval(mins => :gone))
        OR (i.status = 'connected' AND p.unacked >= :many AND p.unacked_since < :now - make_interval(mins => :silent)))
""")
_DEAD = text("""
    SELECT (SELECT count(*) FROM inbound_events WHERE tenant_id = :tenant AND state = 'dead')
        + (SELECT count(*) FROM webhook_deliveries WHERE tenant_id = :tenant AND state = 'failed')
""")


def today() -> Day:
    row = read_session().execute(_TODAY, {"tenant": current_actor().tenant_id, "now": clock.now()}).one()
    return Day(*map(int, row))


def late_numbers() -> Sequence[Any]:
    """(id, name, seconds) of the company's numbers that have work they could do."""
    return read_session().execute(_LATE).all()


def troubled_numbers() -> Sequence[Any]:
    """(id, name, kind)."""
    values = {"now": clock.now(), "gone": GONE_MINUTES, "many": SILENT_MESSAGES, "silent": SILENT_MINUTES}
    return read_session().execute(_NUMBERS, values).all()


def count_dead() -> int:
    return int(read_session().scalar(_DEAD, {"tenant": current_actor().tenant_id}) or 0)


def list_open() -> Sequence[Alert]:
    """Urgent ones first, then the oldest."""
    require("settings.manage")
    return _open()


def count_open() -> int:
    return len(_open())


def list_resolved() -> Sequence[Alert]:
    """Of the last days, newest first."""
    require("settings.manage")
    since = clock.now() - timedelta(days=KEPT_DAYS)
    wanted = select(Alert).where(Alert.tenant_id == current_actor().tenant_id, Alert.resolved_at > since)
    return read_session().scalars(wanted.order_by(Alert.resolved_at.desc()).limit(50)).all()


def _open() -> Sequence[Alert]:
    mine = (Alert.tenant_id == current_actor().tenant_id, Alert.resolved_at.is_(None))
    return read_session().scalars(select(Alert).where(*mine).order_by(Alert.is_urgent.desc(), Alert.id)).all()


def voice_money() -> tuple[Budget, float | None]:
    """The month's voice budget; the week's reuse of audios, if it is too low."""
    day = voice_day()
    week = usage.of_last_week(day)
    return usage.budget(day), week.hit_rate if week.is_low else None
