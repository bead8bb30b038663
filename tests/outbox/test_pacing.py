"""The arithmetic of pace, for any settings and any moment."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.instances.rules.pace import Hours, Pace, WarmUp, problems, read_hours, read_pace
from app.outbox import pacing

ZONE = "America/Sao_Paulo"  # no daylight saving since 2019
ZONES = st.sampled_from([ZONE, "America/Manaus", "Europe/Lisbon", "Asia/Kolkata", "UTC"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DELAYS = st.tuples(st.integers(0, 60_000), st.integers(0, 60_000)).map(sorted)
PACES = st.builds(
    lambda delays, size, pause: Pace(delays[0], delays[1], size, pause),
    DELAYS, st.integers(1, 500), st.integers(0, 3600),
)  # fmt: skip
DAYS = st.frozensets(st.integers(1, 7), min_size=1)
MINUTES = st.integers(0, 24 * 60 - 1)
HOURS = st.builds(
    lambda bounds, days: Hours(*(time(minute // 60, minute % 60) for minute in bounds), days),
    st.lists(MINUTES, min_size=2, max_size=2, unique=True).map(sorted), DAYS,
)  # fmt: skip


@given(PACES, st.integers(0, 600), st.integers())
def test_a_gap_stays_within_its_bounds_and_a_batch_ends_with_its_pause(pace, goes, seed):
    gap, after = pacing.gap_after(pace, goes, Random(seed))
    low, high = pace.delay_min_ms / 1000, pace.delay_max_ms / 1000
    if goes + 1 >= pace.batch_size:
        assert after == 0
        assert gap >= max(low, pace.batch_pause_s)
        assert gap <= max(high, pace.batch_pause_s)
    else:
        assert after == goes + 1
        assert low <= gap <= high + 1e-9


@given(st.integers())
def test_the_default_rhythm_is_human(seed):
    rng, goes, gaps = Random(seed), 0, []
    for _ in range(200):
        gap, goes = pacing.gap_after(Pace(), goes, rng)
        gaps.append(gap)
    assert gaps[99] == gaps[199] == 30
    assert all(0.9 <= gap <= 1.4 for gap in gaps if gap != 30)
    assert len(set(gaps)) > 150


@given(HOURS, ZONES, MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(hours, zone, moment):
    opens = pacing.next_open(hours, zone, moment)
    local = opens.astimezone(ZoneInfo(zone))
    assert moment <= opens <= moment + timedelta(days=8)
    assume(local.replace(tzinfo=None) == _round_trip(local))  # a clock put forward can swallow an opening
    until = pacing.open_until(hours, zone, opens)
    assert until is not None
    assert until > opens
    if opens > moment:
        assert pacing.open_until(hours, zone, opens - timedelta(seconds=1)) is None
        middle = moment + (opens - moment) / 2
        assert pacing.open_until(hours, zone, middle) is None


def _round_trip(local):
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None)


@given(HOURS, MOMENTS)
def test_a_window_ends_on_its_own_day(hours, moment):
    moment = pacing.next_open(hours, ZONE, moment)
    until = pacing.open_until(hours, ZONE, moment)
    assert until is not None
    local, end = moment.astimezone(ZoneInfo(ZONE)), until.astimezone(ZoneInfo(ZONE))
    assert (end.date(), end.time()) == (local.date(), hours.end)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-02T10:59:59+00:00", False),  # 07:59:59 in São Paulo, a Monday
        ("2026-03-02T11:00:00+00:00", True),
        ("2026-03-02T20:59:59+00:00", True),
        ("2026-03-02T21:00:00+00:00", False),  # 18:00 is closed
        ("2026-03-07T15:00:00+00:00", False),  # a Saturday
        ("2026-03-03T02:30:00+00:00", False),  # still Monday there
    ],
)
def test_business_hours_in_the_company_s_zone(moment, is_open):
    hours = read_hours({"start": "08:00", "end": "18:00", "days": [1, 2, 3, 4, 5]})
    assert (pacing.open_until(hours, ZONE, datetime.fromisoformat(moment)) is not None) is is_open


@given(ZONES, MOMENTS)
def test_midnight_is_the_first_moment_of_the_next_local_day(zone, moment):
    midnight = pacing.next_midnight(zone, moment)
    today = pacing.local_day(zone, moment)
    assert pacing.local_day(zone, midnight) == today + timedelta(days=1)
    assert pacing.local_day(zone, midnight - timedelta(milliseconds=1)) == today
    assert moment < midnight <= moment + timedelta(hours=25)


@given(st.integers(1, 1000), st.floats(1.1, 5), st.integers(0, 90), MOMENTS)
def test_warm_up_grows_from_its_start_and_never_passes_the_cap(start, growth, days, first):
    pace = Pace(warm_up=WarmUp(start, growth), daily_cap=5000)
    assert pacing.cap_today(pace, None, ZONE, first) == min(start, 5000)
    caps = [pacing.cap_today(pace, first, ZONE, first + timedelta(days=day)) for day in (days, days + 1)]
    assert caps[0] <= caps[1] <= 5000
    assert caps[0] == min(5000, int(start * growth ** min(days, 60)))


def test_no_cap_unless_set():
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert pacing.cap_today(Pace(), None, ZONE, now) is None
    assert pacing.cap_today(Pace(daily_cap=7), now, ZONE, now) == 7


@given(PACES, st.integers(0, 5000), st.integers(1, 500), st.none() | st.integers(1, 500), st.none() | HOURS, MOMENTS)
def test_more_messages_never_end_sooner(pace, count, more, cap, hours, now):
    pace = Pace(pace.delay_min_ms, pace.delay_max_ms, pace.batch_size, pace.batch_pause_s, hours=hours)
    few = pacing.forecast(pace, count, ZONE, now, cap=cap)
    many = pacing.forecast(pace, count + more, ZONE, now, cap=cap)
    assert few is None or few >= now
    assert many is None or (few is not None and few <= many)


@given(st.integers(1, 500), MOMENTS)
def test_a_cap_spreads_a_campaign_over_days(cap, now):
    ends = pacing.forecast(Pace(), cap * 3, ZONE, now, cap=cap)
    assert ends is not None
    assert (pacing.local_day(ZONE, ends) - pacing.local_day(ZONE, now)).days >= 2


def test_one_campaign_s_overrides_leave_the_number_s_own_cap_and_ramp():
    settings = {"delay_min_ms": 2000, "delay_max_ms": 3000, "daily_cap": 50, "warm_up": {"start": 10}}
    pace = read_pace(settings, {"delay_min_ms": 500, "delay_max_ms": 700, "daily_cap": 5000, "batch_pause_s": 0})
    assert (pace.delay_min_ms, pace.delay_max_ms, pace.batch_pause_s) == (500, 700, 0)
    assert (pace.daily_cap, pace.warm_up) == (50, WarmUp(10, 1.5))
    assert read_pace(settings, {"delay_min_ms": 5000}).delay_max_ms == 5000


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"delay_min_ms": -1}, "delay_min_ms"),
        ({"delay_min_ms": 10, "delay_max_ms": 5}, "delay_max_ms"),
        ({"batch_size": -1}, "batch_size"),
        ({"daily_cap": True}, "daily_cap"),
        ({"batch_pause_s": float("nan")}, "batch_pause_s"),
        ({"hours": {"start": "18:00", "end": "08:00"}}, "hours"),
        ({"hours": {"start": "08:00"}}, "hours"),
        ({"hours": {"start": "08:00", "end": "18:00", "days": [0]}}, "hours"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, wrong):
    assert list(problems(settings)) == [wrong]


@pytest.mark.parametrize(
    "settings", [{}, {"delay_min_ms": 0, "delay_max_ms": 0}, {"hours": {"start": "08:00", "end": "18:00"}}]
)
def test_settings_that_are_fine_pass(settings):
    assert problems(settings) == {}


def test_only_a_fast_even_rhythm_makes_up_for_jitter():
    assert pacing.slack(Pace(13, 13)) == pytest.approx(0.013)
    assert pacing.slack(Pace()) == pacing.slack(Pace(0, 0)) == pacing.slack(Pace(500, 500)) == 0


def test_a_human_pace_writes_one_message_at_a_time():
    assert pacing.in_flight(900) == 1
    assert pacing.in_flight(13) > 1


def test_zero_switches_batches_and_the_cap_off():
    pace = read_pace({"batch_size": 0, "daily_cap": 0, "delay_min_ms": 1000, "delay_max_ms": 1000})
    rng = Random(1)
    goes = 0
    for _message in range(500):
        gap, goes = pacing.gap_after(pace, goes, rng)
        assert gap == 1.0
    assert pacing.seconds_per_message(pace) == 1.0
    assert pacing.cap_today(pace, None, "America/Sao_Paulo", datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert problems({"batch_size": 0, "daily_cap": 0}) == {}
    assert problems({"batch_size": -1, "daily_cap": -1}) == {"batch_size": "range", "daily_cap": "range"}
