"""The real supervisord with small programs in place of ours."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.runtime import processes, programs, supervisor
from app.runtime.programs import APP, Program
from app.runtime.supervisor import Supervisor
from tests.servers import ROOT

# Writes its name and "up", and its name and "down" when it is told to stop.
SCRIPT = """
import signal, sys, time
def note(what):
    with open(sys.argv[1], "a") as journal:
        journal.write(f"{sys.argv[2]} {what}\\n")
def leave(*_):
    note("down")
    sys.exit()
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)
note("up")
while True:
    time.sleep(0.05)
"""


class Stage:
    """A folder with a configuration, a control socket and the journal of what the programs did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.control = folder / "supervisor.sock"
        self.configuration = folder / "supervisord.conf"
        self.mark = str(folder)
        self.script = folder / "actor.py"
        self.script.write_text(SCRIPT)
        actors = [self._actor("database", server=True), self._actor("web"), self._actor("worker")]
        self.configuration.write_text(programs.configuration(actors, self.control))

    def _actor(self, name: str, *, server: bool = False) -> Program:
        command = [sys.executable, str(self.script), str(self.journal), name]
        return Program(name, command, 5, "INT" if server else "TERM", server)

    def raise_curtain(self) -> Supervisor:
        keeper = supervisor.start(self.configuration, self.control, {"TOLD": "yes"}, self.mark, self.folder)
        keeper.start_group(APP)
        self.wait_for(lambda: len(self.lines()) >= 3)
        return keeper

    def lines(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def actors(self) -> dict[str, psutil.Process]:
        found = processes.marked(supervisor.MARK, self.mark)
        return {process.cmdline()[-1]: process for process in found if str(self.script) in process.cmdline()}

    def wait_for(self, condition: Callable[[], bool], patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, self.lines()
            time.sleep(0.05)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="recado-100%-") as folder:
        stage = Stage(Path(folder))
        yield stage
        supervisor.clear(stage.mark)


def test_stops_the_database_last(stage: Stage) -> None:
    keeper = stage.raise_curtain()
    keeper.stop()
    ends = [line for line in stage.lines() if line.endswith("down")]
    assert sorted(ends[:2]) == ["web down", "worker down"]
    assert ends[2:] == ["database down"]
    assert not keeper.alive()


def test_killed_worker_comes_back_alone(stage: Stage) -> None:
    keeper = stage.raise_curtain()
    before = stage.actors()
    before["worker"].kill()
    stage.wait_for(lambda: stage.lines().count("worker up") == 2)
    after = stage.actors()
    assert after["worker"].pid != before["worker"].pid
    assert after["web"].pid == before["web"].pid
    assert after["database"].pid == before["database"].pid
    assert [line for line in stage.lines() if line.endswith("down")] == []
    keeper.stop()


def test_kill_9_of_the_keeper_leaves_orphans_and_the_next_run_ends_them(stage: Stage) -> None:
    keeper = stage.raise_curtain()
    orphans = stage.actors()
    keeper.process.kill()
    keeper.process.wait()
    assert all(process.is_running() for process in orphans.values())
    assert supervisor.clear(stage.mark) == 3
    assert stage.actors() == {}


def test_clear_leaves_other_runs_alone(stage: Stage) -> None:
    keeper = stage.raise_curtain()
    assert supervisor.clear(f"{stage.mark}-other") == 0
    assert len(stage.actors()) == 3
    keeper.stop()


def test_kill_9_of_the_one_who_started_it_stops_everything_in_order(stage: Stage) -> None:
    script = (
        "import sys, time; from pathlib import Path; from app.runtime import supervisor; f = Path(sys.argv[1]); "
        "k = supervisor.start(f / 'supervisord.conf', f / 'supervisor.sock', {}, str(f), f); "
        "k.start_group('app'); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, str(stage.folder)], cwd=ROOT)
    stage.wait_for(lambda: len(stage.lines()) >= 3)
    starter.kill()
    starter.wait()
    stage.wait_for(lambda: stage.lines()[-1] == "database down")
    stage.wait_for(lambda: processes.marked(supervisor.MARK, stage.mark) == [])


def test_children_get_the_environment_and_no_secret_is_written(stage: Stage) -> None:
    keeper = stage.raise_curtain()
    assert stage.actors()["web"].environ()["TOLD"] == "yes"
    assert "TOLD" not in stage.configuration.read_text()
    keeper.stop()


def test_program_that_keeps_failing_is_named(stage: Stage) -> None:
    broken = Program("broken", [sys.executable, "-c", "import sys; sys.exit(3)"], 1)
    stage.configuration.write_text(programs.configuration([broken], stage.control))
    keeper = supervisor.start(stage.configuration, stage.control, {}, stage.mark, stage.folder)
    keeper.start_group(APP)
    stage.wait_for(lambda: keeper.troubled() == ["broken"])
    keeper.stop()


def test_ctrl_c_in_the_terminal_reaches_only_the_starter(stage: Stage) -> None:
    keeper = stage.raise_curtain()
    assert os.getpgid(keeper.process.pid) != os.getpgid(0)
    assert all(os.getpgid(actor.pid) == actor.pid for actor in stage.actors().values())
    keeper.process.send_signal(signal.SIGTERM)
    keeper.process.wait(20)
