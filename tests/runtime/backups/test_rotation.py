"""24 hours, 7 days, 4 weeks."""

from datetime import UTC, datetime, timedelta

from app.runtime.backups.rotation import kept

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_after_a_year_of_hours_thirty_or_so_stay() -> None:
    every_hour = [NOON - timedelta(hours=n) for n in range(24 * 365)]
    stay = kept(every_hour)
    assert set(every_hour[:24]) <= stay
    assert {at.date() for at in stay} >= {(NOON - timedelta(days=n)).date() for n in range(7)}
    assert min(stay) >= NOON - timedelta(weeks=4)
    assert len({at.isocalendar()[:2] for at in stay}) == 4
    assert len(stay) <= 24 + 7 + 4


def test_the_newest_of_a_span_stays() -> None:
    twice_an_hour = [NOON - timedelta(minutes=30 * n) for n in range(200)]
    assert NOON in kept(twice_an_hour)
    assert NOON - timedelta(minutes=90) in kept(twice_an_hour)
    assert NOON - timedelta(minutes=120) not in kept(twice_an_hour)


def test_silence_throws_nothing_away() -> None:
    long_ago = [NOON - timedelta(days=300, hours=n) for n in range(5)]
    assert kept(long_ago) == set(long_ago)
    assert kept([]) == set()


def test_pruning_again_removes_nothing_more() -> None:
    stay = kept([NOON - timedelta(hours=n) for n in range(2000)])
    assert kept(stay) == stay
