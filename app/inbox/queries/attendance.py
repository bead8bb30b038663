"""How the company attends, from roll-ups: no query here reads a conversation, bar those of this very moment."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from app.accounts.models import Tenant
from app.core import clock
from app.core.context import Actor, current_actor
from app.core.db import read_session
from app.core.errors import Forbidden
from app.core.permissions import can
from app.inbox.metrics import COLUMNS, NOBODY
from app.outbox.pacing import local_day

LONGEST = 366
_SUMS = ", ".join(f"coalesce(sum(d.{column}), 0)::bigint AS {column}" for column in COLUMNS)
_WHERE = """
    d.tenant_id = :tenant AND d.day BETWEEN :since AND :until
    AND (cast(:queue AS uuid) IS NULL OR d.queue_id = :queue) AND (cast(:user AS uuid) IS NULL OR d.user_id = :user)
"""
_TOTAL = text(f"SELECT {_SUMS} FROM attendance_daily d WHERE {_WHERE}")
_BY_DAY = text(f"SELECT d.day AS key, {_SUMS} FROM attendance_daily d WHERE {_WHERE} GROUP BY d.day ORDER BY d.day")
_BY_HOUR = text(f"SELECT d.hour AS key, {_SUMS} FROM attendance_daily d WHERE {_WHERE} GROUP BY d.hour ORDER BY d.hour")
_BY_QUEUE = text(f"""
    SELECT d.queue_id AS key, q.name, q.color, {_SUMS} FROM attendance_daily d LEFT JOIN queues q ON q.id = d.queue_id
    WHERE {_WHERE} GROUP BY d.queue_id, q.name, q.color ORDER BY q.name NULLS LAST
""")
_BY_USER = text(f"""
    SELECT d.user_id AS key, u.name, {_SUMS} FROM attendance_daily d JOIN users u ON u.id = d.user_id
    WHERE {_WHERE} GROUP BY d.user_id, u.name ORDER BY u.name
""")
_NOW = text("""
    SELECT queue_id, count(*) FILTER (WHERE status = 'pending') AS waiting,
        count(*) FILTER (WHERE status = 'open') AS open, min(last_inbound_at) FILTER (WHERE status = 'pending') AS since
    FROM tickets WHERE tenant_id = :tenant AND status <> 'closed' AND (cast(:user AS uuid) IS NULL OR user_id = :user)
        AND (cast(:queue AS uuid) IS NULL OR queue_id = :queue)
    GROUP BY queue_id
""")
_MESSAGES = text("""
    SELECT coalesce(sum(sent), 0) AS sent, coalesce(sum(delivered), 0) AS delivered, coalesce(sum(read), 0) AS read,
        coalesce(sum(replied), 0) AS replied, coalesce(sum(failed), 0) AS failed, coalesce(sum(received), 0) AS received
    FROM daily_metrics WHERE tenant_id = :tenant AND day BETWEEN :since AND :until
""")


@dataclass(frozen=True)
class Figures:
    """Averages are None where nothing was counted; times in seconds, the rate from 0 to 1."""

    opened: int
    closed: int
    sent: int
    received: int
    first_responses: int
    first_response_avg_s: int | None
    resolution_avg_s: int | None
    resolution_rate: float | None
    ratings: int
    rating_avg: float | None


@dataclass(frozen=True)
class Line:
    """Figures of one day (date), hour (0–23), queue or person (id; None: no queue)."""

    key: Any
    name: str
    color: str
    figures: Figures


@dataclass(frozen=True)
class Attendance:
    since: date
    until: date
    total: Figures
    by_day: list[Line]
    by_hour: list[Line]
    by_queue: list[Line]
    by_user: list[Line]
    waiting_now: int
    open_now: int
    longest_wait_s: int | None


def attendance(
    since: date | None = None, until: date | None = None, queue_id: uuid.UUID | None = None,
    user_id: uuid.UUID | None = None
) -> Attendance:  # fmt: skip
    """Days of the company's zone, both included; the last seven by default. Attendants see their own figures."""
    actor = _reader()
    scope = _scope(actor, since, until, queue_id, user_id)
    session = read_session()
    now = session.execute(_NOW, scope).all()
    waits = [row.since for row in now if row.since is not None]
    return Attendance(
        since=scope["since"],
        until=scope["until"],
        total=_figures(session.execute(_TOTAL, scope).one()),
        by_day=_days(session.execute(_BY_DAY, scope).all(), scope["since"], scope["until"]),
        by_hour=_hours(session.execute(_BY_HOUR, scope).all()),
        by_queue=[_line(row) for row in session.execute(_BY_QUEUE, scope).all()],
        by_user=[_line(row) for row in session.execute(_BY_USER, scope).all()],
        waiting_now=sum(row.waiting for row in now),
        open_now=sum(row.open for row in now),
        longest_wait_s=int((clock.now() - min(waits)).total_seconds()) if waits else None,
    )


def message_totals(since: date | None = None, until: date | None = None) -> dict[str, int]:
    """What left and came in on all numbers; for those who see reports."""
    actor = _reader()
    if not can(actor, "reports.see"):
        raise Forbidden
    row = read_session().execute(_MESSAGES, _scope(actor, since, until, None, None)).mappings().one()
    return {name: int(value) for name, value in row.items()}


def _reader() -> Actor:
    actor = current_actor()
    if not (can(actor, "reports.see") or can(actor, "reports.own")):
        raise Forbidden
    return actor


def _scope(
    actor: Actor, since: date | None, until: date | None, queue_id: uuid.UUID | None, user_id: uuid.UUID | None
) -> dict[str, Any]:
    tenant = read_session().get(Tenant, actor.tenant_id)
    end = until or local_day(tenant.timezone if tenant else "UTC", clock.now())
    start = max(since or end - timedelta(days=6), end - timedelta(days=LONGEST))
    user = user_id if can(actor, "reports.see") else actor.user_id
    return {"tenant": actor.tenant_id, "since": start, "until": end, "queue": queue_id, "user": user}


def _figures(row: Any) -> Figures:
    return Figures(
        opened=row.opened,
        closed=row.closed,
        sent=row.sent,
        received=row.received,
        first_responses=row.first_responses,
        first_response_avg_s=_average(row.first_response_s, row.first_responses),
        resolution_avg_s=_average(row.resolution_s, row.resolutions),
        resolution_rate=round(min(1.0, row.closed / row.opened), 4) if row.opened > 0 else None,
        ratings=row.ratings,
        rating_avg=round(row.rating_sum / row.ratings, 2) if row.ratings else None,
    )


def _average(total: int, count: int) -> int | None:
    return round(total / count) if count else None


def _line(row: Any) -> Line:
    key = None if row.key == NOBODY else row.key
    return Line(key, getattr(row, "name", None) or "", getattr(row, "color", None) or "", _figures(row))


class _Nothing:
    """A day or an hour without a row."""

    def __getattr__(self, _name: str) -> int:
        return 0


def _days(rows: Sequence[Any], since: date, until: date) -> list[Line]:
    known = {row.key: row for row in rows}
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    return [Line(day, "", "", _figures(known.get(day) or _Nothing())) for day in days]


def _hours(rows: Sequence[Any]) -> list[Line]:
    known = {row.key: row for row in rows}
    return [Line(hour, "", "", _figures(known.get(hour) or _Nothing())) for hour in range(24)]
