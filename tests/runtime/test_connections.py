"""The sum of docs/sizing.md, from the units that are really installed."""

from app.config import Config
from app.core import background
from app.outbox.sender.loop import SERVERS
from app.runtime import connections, postgres
from tests.servers import ROOT


def _setting(name: str) -> int:
    lines = (ROOT / "deploy" / "postgresql.conf").read_text().splitlines()
    return int(next(line.partition("= ")[2] for line in lines if line.startswith(f"{name} =")))


def test_the_units_stay_under_what_the_ready_settings_allow() -> None:
    webs, workers = connections.installed()
    assert (webs, set(workers)) == (3, {*background.QUEUES, "cron"})
    assert connections.most(webs, workers, Config.sql_pool_size) <= _setting("max_connections")


def test_a_trial_run_stays_under_what_its_own_database_allows() -> None:
    webs, workers = connections.embedded()
    assert set(workers) == {*background.QUEUES, "cron"}
    assert connections.most(webs, workers, Config.sql_pool_size) <= int(postgres.SETTINGS["max_connections"])


def test_the_sender_has_a_connection_for_each_thread_that_keeps_one() -> None:
    """With one too few, eight numbers at once wait for each other until the pool gives up."""
    kept = SERVERS + len(("shift", "recorder", "heart"))
    assert connections.pool_of("send") > kept


def test_the_sum_that_the_document_shows_is_this_one() -> None:
    shown = (ROOT / "docs" / "sizing.md").read_text()
    assert f"| **{connections.most(*connections.installed(), Config.sql_pool_size)}**," in shown
