"""Units, queues and code in step; systemd itself finds nothing to complain of."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from app.core import background
from app.runtime import programs, systemd
from tests.servers import ROOT

UNITS = ROOT / "systemd"
COMMON = UNITS / "recado-.service.d" / "10-common.conf"
SERVICES = sorted(UNITS.glob("*.service"))
LONG_RUNNING = {"recado-web@.service", "recado-worker@.service", "recado-cron.service"}


def settings(path: Path) -> dict[str, list[str]]:
    found = defaultdict(list)
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name].append(value)
    return found


def wanted() -> list[str]:
    return [unit for line in settings(UNITS / "recado.target")["Wants"] for unit in line.split()]


def workers() -> list[str]:
    return [found.group(1) for unit in wanted() if (found := re.fullmatch(r"recado-worker@(.+)\.service", unit))]


def test_the_target_starts_what_a_run_on_one_machine_starts() -> None:
    """Every queue has its worker, and there is nothing else that `make run` would start and the target not."""
    assert {name.partition("-")[0] for name in workers()} == set(background.QUEUES)
    kinds = {program.name.partition("-")[0] for program in programs.application(None)}
    assert kinds == {"web", "worker", "cron"}
    assert {re.split(r"[@.]", unit)[0].removeprefix("recado-") for unit in wanted()} >= kinds


def test_every_unit_that_is_wanted_exists() -> None:
    assert {unit for unit in wanted() if not (UNITS / re.sub(r"@[^.]+", "@", unit)).exists()} == set()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_unit_starts_exists(unit: Path) -> None:
    (command,) = settings(unit)["ExecStart"]
    interpreter, script, *_rest = command.split()
    assert interpreter == "/opt/recado/current/.venv/bin/python"
    assert (ROOT / script).is_file()


def test_the_stop_is_polite_and_bounded() -> None:
    """SIGTERM to the main process only; within 30 s everything is finished or given back."""
    common = settings(COMMON)
    assert common["KillMode"] == ["mixed"]
    assert common["TimeoutStopSec"] == ["30"]
    assert max(program.patience for program in programs.application(None)) < 30


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_what_runs_for_long_comes_back_says_when_it_is_ready_and_has_a_memory_limit(name: str) -> None:
    unit = settings(UNITS / name)
    assert (unit["Type"], unit["Restart"]) == (["notify"], ["always"])
    assert unit["RestartSec"]
    assert unit["MemoryMax"]
    assert settings(COMMON)["StartLimitIntervalSec"] == ["0"]  # for ever


def installed(folder: Path) -> dict[str, str]:
    """The units as systemd would find them, but for this checkout and a user that exists."""
    shutil.copytree(UNITS, folder, dirs_exist_ok=True)
    (folder / "recado-.service.d" / "15-backoff.conf").unlink()
    for path in [*folder.glob("*.*"), *folder.glob("*.d/*")]:
        if path.is_file():
            text = path.read_text().replace("/opt/recado/current", str(ROOT))
            path.write_text(text.replace("=recado\n", "=daemon\n"))
    return {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:/lib/systemd/system"}


def analyze(*words: str, env: dict[str, str] | None = None) -> str:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed here (apt-get install systemd)")
    told = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, env=env, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout + told.stderr


def test_systemd_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    env = installed(tmp_path)
    said = analyze("verify", "--man=no", "--recursive-errors=no", *wanted(), "recado.target", env=env)
    assert [line for line in said.splitlines() if "recado" in line] == []


def test_exposure_stays_low(tmp_path: Path) -> None:
    """systemd's own figure, from 0 (nothing allowed) to 10."""
    env = installed(tmp_path)
    for unit in ("recado-web@5001.service", "recado-worker@send.service", "recado-cron.service"):
        analyze("security", "--offline=yes", "--threshold=30", "--no-pager", unit, env=env)


def test_ready_is_said_once_and_nowhere_without_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        systemd.ready()
        assert line.recv(100) == b"READY=1"
    assert "NOTIFY_SOCKET" not in os.environ
    systemd.ready()


def test_a_socket_for_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    assert not systemd.has_socket()
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    assert systemd.has_socket()


def test_one_more_worker_of_a_queue_has_a_name_of_its_own() -> None:
    refused = subprocess.run(
        [sys.executable, "worker.py", "nothing-2"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "queues" in refused.stderr
