"""Workers as real processes: what signals do to them and to the job under way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from app.config import Config
from app.core import background
from tests.runtime import worker_probe
from tests.servers import ROOT


def environment(config: Config) -> dict[str, str]:
    return {
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "SECRET_KEY": "x" * 32,
        "ENCRYPTION_KEYS": ",".join(config.encryption_keys),
        "RECADO_DATA": str(config.data_dir),
    }


class Probe:
    def __init__(self, config: Config, journal: Path) -> None:
        self.journal = journal
        self.env = os.environ | environment(config) | {"JOURNAL": str(journal)}

    def start(self, *queues: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tests.runtime.worker_probe", *queues], cwd=ROOT, env=self.env)

    def notes(self) -> list[list[str]]:
        """What, by which process."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [line.rsplit(" ", 1) for line in lines]

    def wait_for(self, what: str) -> int:
        """The process that noted it."""
        found: list[list[str]] = []

        def noted() -> bool:
            found[:] = [note for note in self.notes() if note[0] == what]
            return bool(found)

        wait_until(noted)
        return int(found[0][1])


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def probe(config: Config, tmp_path: Path) -> Iterator[Probe]:
    with worker_probe.bare_app(config).app_context():
        yield Probe(config, tmp_path / "journal")


def test_shift_hears_of_the_shutdown_and_the_worker_leaves_within_seconds(probe: Probe) -> None:
    background.enqueue("probe.shift")
    worker = probe.start("send")
    assert probe.wait_for("began") == worker.pid
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert probe.wait_for("asked to leave") == worker.pid


def test_idle_worker_leaves_at_once(probe: Probe) -> None:
    background.enqueue("probe.note")
    worker = probe.start("send")
    probe.wait_for("noted")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(5) == 0


def test_workers_never_import_eventlet(app: Flask, config: Config) -> None:
    script = (
        "import sys, worker; from app import create_app; from app.core import realtime; create_app(); "
        f"realtime.connect_emitter({config.redis_url!r}); print('eventlet' in sys.modules)"
    )
    env = os.environ | environment(config)
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_import_runs_in_a_child_that_hears_of_the_shutdown_too(probe: Probe) -> None:
    background.enqueue("probe.import")
    worker = probe.start("bulk")
    assert probe.wait_for("began") != worker.pid
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    probe.wait_for("asked to leave")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next run ends the orphan")
def test_child_does_not_outlive_a_killed_worker(probe: Probe) -> None:
    background.enqueue("probe.import")
    worker = probe.start("bulk")
    child = probe.wait_for("began")
    worker.kill()
    worker.wait()
    wait_until(lambda: not psutil.pid_exists(child))
    assert [note[0] for note in probe.notes()] == ["began"]


def test_too_big_a_worker_asks_its_job_to_hand_over_and_leaves(probe: Probe) -> None:
    probe.env["MEMORY_MB"] = "300"
    background.enqueue("probe.leak")
    worker = probe.start("send")
    assert probe.wait_for("asked to leave") == worker.pid
    assert worker.wait(20) == 0
