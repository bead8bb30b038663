"""When may a number send next? Pure arithmetic: settings, what went, now and chance in; seconds and times out.

A human pace is a random gap between the *goes*, a pause after each batch, and, where set, a daily cap, a warm-up ramp
and sending hours in the company's zone. `high` messages (a person's answer) keep only the minimum gap.
"""

import math
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.instances.rules.pace import Hours, Pace

SERIAL_ABOVE_MS = 300
PARALLEL_WHEN_FAST = 16


def gap_after(pace: Pace, batch_goes: int, rng: Random) -> tuple[float, int]:
    """Seconds from this go to the next of the slow lanes, and the batch's count after it."""
    gap = rng.uniform(pace.delay_min_ms, pace.delay_max_ms) / 1000
    goes = batch_goes + 1
    if pace.batch_size and goes >= pace.batch_size:
        return max(gap, pace.batch_pause_s), 0
    return gap, goes


def minimum_gap(pace: Pace) -> float:
    return pace.delay_min_ms / 1000


def slack(pace: Pace) -> float:
    """How late a go may count as on time. Only an even, fast rhythm (a provider's limit) may make up for jitter."""
    is_even = pace.delay_min_ms == pace.delay_max_ms and 0 < pace.delay_max_ms < SERIAL_ABOVE_MS
    return pace.delay_min_ms / 1000 if is_even else 0.0


def in_flight(delay_min_ms: int) -> int:
    """A person writes one message at a time; only a pace faster than human keeps several calls open."""
    return 1 if delay_min_ms >= SERIAL_ABOVE_MS else PARALLEL_WHEN_FAST


def local_day(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def next_midnight(zone: str, now: datetime) -> datetime:
    tomorrow = local_day(zone, now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZoneInfo(zone)).astimezone(UTC)


def cap_today(pace: Pace, first_go: datetime | None, zone: str, now: datetime) -> int | None:
    """The number's cap for this local day, with the warm-up ramp where set."""
    if pace.warm_up is None:
        return pace.daily_cap
    days = (local_day(zone, now) - local_day(zone, first_go)).days if first_go else 0
    ramp = int(pace.warm_up.start * pace.warm_up.growth ** min(days, 60))
    return ramp if pace.daily_cap is None else min(ramp, pace.daily_cap)


FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def open_until(hours: Hours | None, zone: str, now: datetime) -> datetime | None:
    """The end of the sending window that `now` is in, or None when closed."""
    if hours is None:
        return FOREVER
    local = now.astimezone(ZoneInfo(zone))
    if local.isoweekday() not in hours.days or not hours.start <= local.time() < hours.end:
        return None
    return datetime.combine(local.date(), hours.end, ZoneInfo(zone)).astimezone(UTC)


def next_open(hours: Hours | None, zone: str, now: datetime) -> datetime:
    """`now` when open, else the start of the next window."""
    if hours is None or open_until(hours, zone, now):
        return now
    local = now.astimezone(ZoneInfo(zone))
    for offset in range(8):
        day = local.date() + timedelta(days=offset)
        start = datetime.combine(day, hours.start, ZoneInfo(zone))
        if day.isoweekday() in hours.days and start > local:
            return start.astimezone(UTC)
    return now


def seconds_per_message(pace: Pace) -> float:
    """The average, batch pauses shared out."""
    gap = (pace.delay_min_ms + pace.delay_max_ms) / 2000
    if not pace.batch_size:
        return gap
    return gap + max(0.0, pace.batch_pause_s - gap) / pace.batch_size


def forecast(
    pace: Pace, count: int, zone: str, now: datetime, *, cap: int | None = None, sent_today: int = 0
) -> datetime | None:
    """When `count` messages will have gone on one number; None when the settings never open (or past two years)."""
    moment, left, per_message = now, count, max(seconds_per_message(pace), 0.005)
    today_left = math.inf if cap is None else max(0, cap - sent_today)
    for _ in range(730):
        if left <= 0:
            return moment
        opened = next_open(pace.hours, zone, moment)
        if local_day(zone, opened) != local_day(zone, moment):
            today_left = math.inf if cap is None else cap
        moment = opened
        until = min(open_until(pace.hours, zone, moment) or moment, next_midnight(zone, moment))
        fits = min(left, today_left, math.ceil((until - moment).total_seconds() / per_message))
        left -= fits
        if left <= 0:
            return moment + timedelta(seconds=fits * per_message)
        today_left = math.inf if cap is None else cap
        moment = next_midnight(zone, moment)
    return None
