"""Driving supervisord: the process that keeps the others."""

import http.client
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from app.runtime import processes
from app.runtime.death import die_with_parent
from app.runtime.failure import Failure

MARK = "RECADO_RUN"
STOP_SECONDS = 28.0
BAD_STATES = ("BACKOFF", "FATAL", "UNKNOWN")
# It may die in the middle of an answer.
SILENT = (OSError, http.client.HTTPException, xmlrpc.client.Error)


@dataclass
class Supervisor:
    """A running supervisord, child of this process; it stops everything when this process dies."""

    process: subprocess.Popen[bytes]
    control: Path

    def start(self, name: str) -> None:
        """One process, named `group:process`."""
        self._rpc().supervisor.startProcess(name, False)

    def start_group(self, name: str) -> None:
        """Whatever of the group is not running yet."""
        self._rpc().supervisor.startProcessGroup(name, False)

    def troubled(self) -> list[str]:
        """Names of the processes that don't stay up."""
        try:
            states = self._rpc().supervisor.getAllProcessInfo()
        except SILENT:
            return []
        return [state["name"] for state in states if state["statename"] in BAD_STATES]

    def answers(self) -> bool:
        try:
            return bool(self._rpc().supervisor.getState())
        except SILENT:
            return False

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Everything, the database last."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _rpc(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.control}")
        return xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=transport)


def start(configuration: Path, control: Path, env: dict[str, str], mark: str, logs: Path) -> Supervisor:
    """Return once it answers. Its children inherit `env` and the mark by which a later run finds them."""
    control.unlink(missing_ok=True)
    complaints = logs / "supervisor-start.log"
    with complaints.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
            cwd=logs,
            env={**os.environ, **env, MARK: mark, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A Ctrl-C of the terminal reaches only this process, which stops the others in order.
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
    supervisor = Supervisor(process, control)
    _wait(supervisor, complaints)
    return supervisor


def clear(mark: str) -> int:
    """End what a killed run of the same data left; the count. Keepers first: they would restart the rest."""
    left = processes.marked(MARK, mark)
    keepers = [process for process in left if "supervisor.supervisord" in processes.command(process)]
    processes.end(keepers, patience=STOP_SECONDS)
    rest = [process for process in left if process not in keepers and process.is_running()]
    databases = [process for process in rest if "bin/postgres" in processes.command(process)]
    processes.end([process for process in rest if process not in databases], patience=8)
    processes.end(databases, signal.SIGINT)
    return len(left)


def _wait(supervisor: Supervisor, complaints: Path, patience: float = 15) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and supervisor.alive():
        if supervisor.answers():
            return
        time.sleep(0.05)
    supervisor.process.kill()
    last = complaints.read_text(errors="replace").strip().splitlines()[-1:] or ["sem explicação (no output)"]
    raise Failure(f"O supervisor não iniciou: {last[0]}")
