"""The clock of the whole server jumps while a campaign is sending: an hour on, an hour back, a day on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import libfaketime
import pytest
from redis import Redis

from tests.drills.conftest import Servers
from tests.drills.inbound import make_told
from tests.drills.stage import Stage, make_campaign, wait_until
from tests.drills.test_send_queue import SOME, finish, recovery

pytestmark = pytest.mark.drill

LIBRARY = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
PACE = {"delay_min_ms": 20, "delay_max_ms": 40, "batch_size": 50, "batch_pause_s": 1}


@pytest.fixture
def jump(own_servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """`jump(3600)`: from now on everybody's clock shows an hour more: database, cache, web, workers and gateway. The
    monotonic one goes on, as on a real machine."""
    file = tmp_path / "clock"
    file.write_text("+0")
    file.chmod(0o644)
    tmp_path.chmod(0o755)
    told = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(file), "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_RESET": "1"}  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    _restart(own_servers)

    def to(seconds: int) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}")
        fresh.chmod(0o644)
        os.replace(fresh, file)

    yield to
    for name in told:
        monkeypatch.delenv(name)
    _restart(own_servers)


def _restart(own: Servers) -> None:
    own.restart_postgres(signal.SIGINT)
    own.restart_valkey()


@pytest.mark.parametrize("by", [3600, -3600, 86400], ids=["an hour on", "an hour back", "a day on"])
def test_the_clock_jumps(jump: Callable[[int], None], stage: Stage, own_servers: Servers, by: int):
    """At a pace with waits that a jump could make long; half of the people have not been sent to when it comes, and a
    sender is killed with what it had claimed."""
    campaign, told, began = make_campaign(stage, SOME // 2, pace=PACE), make_told(stage, 1), time.monotonic()
    wait_until(lambda: campaign.left() >= SOME // 6, 120, campaign.describe)
    told.say(told.numbers[0])
    for name in ("send", "send2"):
        stage.kill(name)
    jump(by)
    wait_until(lambda: abs(_clock(own_servers) - time.time() - by) < 60, 30, "the jump")
    stage.keep_alive()
    took = recovery(campaign)
    told.say(told.numbers[0])
    told.wait_read()
    told.assert_once()
    finish(f"clock jumps by {by} s", campaign, began, [took])


def _clock(own: Servers) -> float:
    return float(Redis.from_url(own.valkey.url).time()[0])
