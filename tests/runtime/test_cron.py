import time

import pytest
from redis import Redis

from app.runtime import cron
from app.runtime.cron import Clockwork, Leadership
from tests import servers


def take(leadership: Leadership) -> None:
    deadline = time.monotonic() + 30
    while not leadership.held():
        assert time.monotonic() < deadline


def test_only_one_leads_and_the_next_takes_over(database: servers.Urls) -> None:
    first, second = Leadership(database.app_url), Leadership(database.app_url)
    assert first.held()
    assert not second.held()
    assert first.held()
    first.release()
    take(second)  # the server notices a moment later that the session has gone
    second.release()


def test_leader_whose_connection_was_cut_knows_it(database: servers.Urls) -> None:
    first, second = Leadership(database.app_url), Leadership(database.app_url)
    assert first.held()
    assert not second.held()
    # Ending a session from outside is what a restart of PostgreSQL does to it.
    first._connection.cursor().execute("SELECT set_config('idle_session_timeout', '1', false)")
    take(second)
    assert not first.held()
    second.release()
    take(first)
    first.release()


def test_unreachable_database_means_not_leading() -> None:
    assert not Leadership("postgresql://x@/recado?host=/nowhere").held()


def test_due_entry_fires_once_per_interval_even_after_a_restart(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    fired: list[tuple[str, float]] = []
    schedule = [("sweep", 60.0), ("daily", 86400.0)]

    def clockwork() -> Clockwork:
        return Clockwork(redis, schedule, lambda name, window: fired.append((name, window)))

    assert clockwork().fire_due() == ["sweep", "daily"]
    assert clockwork().fire_due() == []
    redis.delete("cron:sweep")
    assert clockwork().fire_due() == ["sweep"]
    assert fired == [("sweep", 6.0), ("daily", 8640.0), ("sweep", 6.0)]


def test_interval_ends_on_time(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    Clockwork(redis, [("sweep", 5.0)], lambda _name, _window: None).fire_due()
    assert 4000 < redis.pttl("cron:sweep") < 5000


def test_a_clock_that_goes_back_silences_no_entry_for_long(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis counts its marks by the server's clock: an hour back, they would last an hour longer."""
    redis, at = Redis.from_url(redis_url), [1000.0]
    monkeypatch.setattr(cron.time, "monotonic", lambda: at[0])
    clockwork = Clockwork(redis, [("sweep", 10.0)], lambda _name, _window: None)
    assert clockwork.fire_due() == ["sweep"]
    redis.pexpire("cron:sweep", 3_600_000)
    at[0] += 10
    assert clockwork.fire_due() == []
    at[0] += 7
    assert clockwork.fire_due() == ["sweep"]
    assert redis.pttl("cron:sweep") < 10_000
