"""`make run` without the set-up: the whole stack, the way an operator starts, breaks and stops it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from app.runtime import processes, supervisor
from tests.servers import ROOT

GIVEN_ELSEWHERE = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "EVOLUTION_API_URL", "SECRET_KEY", "HOST")


class Run:
    """One `python -m app.runtime` on a data folder of its own."""

    def __init__(self, data: Path, **env: str) -> None:
        self.data = data.resolve()
        self.port = int(env.get("PORT") or free_port())
        clean = {name: value for name, value in os.environ.items() if name not in GIVEN_ELSEWHERE}
        self.env = clean | {"RECADO_DATA": str(data), "PORT": str(self.port), "ADMIN_EMAIL": "", **env}
        self.output: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.runtime"],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for_address(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line.rstrip())
            if line.startswith(f"Recado: http://127.0.0.1:{self.port}"):
                return
        raise AssertionError(self.output)

    def finish(self) -> str:
        """Everything it said, after it ended by itself."""
        return self.process.communicate(timeout=60)[0]

    def healthy(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def members(self) -> list[psutil.Process]:
        return processes.marked(supervisor.MARK, str(self.data))

    def find(self, ending: str) -> psutil.Process:
        return next(process for process in self.members() if processes.command(process).endswith(ending))

    def postgres(self) -> list[psutil.Process]:
        return [found for folder in self.data.glob("pg*") for found in processes.living_in(folder)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="recado-") as folder:
        yield Path(folder)
        supervisor.clear(str(Path(folder).resolve()))
        for cluster in Path(folder).resolve().glob("pg*"):
            processes.end(processes.living_in(cluster), signal.SIGINT)


def test_life_of_a_run(data: Path) -> None:
    """First start, first admin told once, a worker killed, stopped by Ctrl-C; then again, fast and silent."""
    first = Run(data)
    first.wait_for_address()
    assert first.healthy()
    assert len([line for line in first.output if "senha (password)" in line]) == 1
    workers = {processes.command(process).split("worker.py ")[-1] for process in first.members()}
    assert {"send", "events", "bulk", "hooks", "voice", "default", "cron"} <= workers

    send, web = first.find("worker.py send"), first.find("wsgi.py")
    send.kill()
    wait_until(lambda: any(p.pid != send.pid and "worker.py send" in processes.command(p) for p in first.members()))
    assert web.is_running()

    assert "already running" in Run(data).finish()

    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0
    assert first.members() == []
    assert first.postgres() == []

    second = Run(data)
    second.wait_for_address()
    assert not [line for line in second.output if "senha (password)" in line]
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(30) == 0
    assert second.members() == []


def test_killed_run_leaves_nothing_that_stops_the_next_one(data: Path) -> None:
    killed = Run(data)
    killed.wait_for_address()
    keeper = next(p for p in killed.members() if "supervisor.supervisord" in processes.command(p))
    keeper.kill()
    killed.process.kill()
    killed.process.wait()
    assert killed.healthy()  # orphans still answer on the port

    following = Run(data, PORT=str(killed.port))
    following.wait_for_address()
    assert any("leftovers stopped" in line for line in following.output)
    assert following.healthy()
    following.process.send_signal(signal.SIGTERM)
    assert following.process.wait(30) == 0
    assert following.members() == []


def test_lost_keeper_ends_the_run_with_one_line(data: Path) -> None:
    run = Run(data)
    run.wait_for_address()
    next(p for p in run.members() if "supervisor.supervisord" in processes.command(p)).kill()
    assert "supervisor died" in run.finish().splitlines()[-1]
    assert run.process.returncode == 1
    assert run.members() == []
    assert run.postgres() == []


@pytest.mark.parametrize(
    ("env", "complaint"),
    [
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/y"}, "DATABASE_URL não funciona"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL não funciona"),
        ({"PORT": "not-a-port"}, "PORT inválida"),
    ],
)
def test_wrong_setting_is_one_line_and_nothing_stays(data: Path, env: dict[str, str], complaint: str) -> None:
    command = [sys.executable, "-m", "app.runtime"]
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN_ELSEWHERE}
    given = clean | {"RECADO_DATA": str(data), "PORT": str(free_port())} | env
    answer = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 1
    assert [line for line in answer.stderr.splitlines() if line] == [answer.stderr.strip()]
    assert complaint in answer.stderr
    assert processes.marked(supervisor.MARK, str(data.resolve())) == []


def test_taken_port_is_one_line(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = Run(data, PORT=str(port)).finish()
    assert said.strip() == f"Recado: Porta {port} ocupada (port in use): feche o outro programa ou defina PORT"
