"""Everything that `make run` starts, on a data folder of its own: what a journey walks through."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from app.runtime import processes, supervisor
from tests.ports import free_port
from tests.servers import ROOT

ADMIN = "ana@padaria.com.br"
PASSWORD = "pao-de-queijo-quente-7"
# Settings of whoever runs the tests must not reach the stack under test.
FOREIGN = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "EVOLUTION_API_URL", "SECRET_KEY", "HOST")
SPEED = 10.0  # of the pretend WhatsApp: people read within two seconds instead of twenty


@dataclass(frozen=True)
class Stack:
    """A running Recado and its pretend WhatsApp."""

    url: str
    simulator: str
    env: dict[str, str] = field(repr=False)

    def play(self, method: str, path: str, **body: Any) -> Any:
        """One call of the simulator's control API."""
        answer = requests.request(method, f"{self.simulator}/_sim/{path}", json=body or None, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def numbers(self) -> set[str]:
        """The names at the gateway of every company's numbers."""
        return {one["name"] for one in self.play("GET", "instances")}

    def ledger(self, name: str) -> list[dict[str, Any]]:
        """Everything that left for a phone from the number of that gateway name."""
        return list(self.play("GET", f"ledger?instance={name}"))

    def company(self, name: str, email: str) -> str:
        """A new company with its first admin; its id."""
        return self.console("tenants", "create", name, "--email", email, "--password", PASSWORD)

    def person(self, tenant_id: str, email: str, role: str) -> None:
        words = ("users", "create", tenant_id, email, "--name", role.title(), "--role", role)
        self.console(*words, "--password", PASSWORD)

    def console(self, *words: str) -> str:
        """The operator's console, beside the run."""
        command = [sys.executable, "recado.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]


@contextlib.contextmanager
def running() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="recado-journey-") as folder:
        data = Path(folder).resolve()
        given = {"RECADO_DATA": str(data), "PORT": str(free_port()), "LOGIN_RATE_LIMIT": "1000 per minute"}
        given |= {"REGISTRATION": "open"}
        ours = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        env = ours | given | {"ADMIN_EMAIL": ADMIN, "ADMIN_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "app.runtime"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
        )
        try:
            url, simulator = _addresses(process)
            stack = Stack(url, simulator, env)
            _wait_for(f"{simulator}/_sim/healthz")
            stack.play("POST", "config", speed=SPEED)
            yield stack
        finally:
            process.terminate()
            process.wait(40)
            processes.end(processes.marked(supervisor.MARK, str(data)))


def _wait_for(address: str) -> None:
    """The pages answer first; the rest follows within seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(address, timeout=5).ok:
                return
        time.sleep(0.1)
    raise AssertionError(address)


def _addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Of the application and of the simulator, as the run prints them; the application's comes last."""
    simulator, said = "", []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        words = line.split()
        if "WhatsApp simulado" in line:
            simulator = next(word for word in words if word.startswith("http"))
        elif len(words) == 2 and words[1].startswith("http://127.0.0.1"):
            return words[1], simulator
    raise AssertionError("".join(said))
