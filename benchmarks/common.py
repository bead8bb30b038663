"""What every benchmark shares: real servers with normal durability, seeded rows, and the machine's own numbers.

Everything runs as the application's role; the owner's URL is for seeding and for reading plans.
"""

import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
from flask import Flask
from psycopg2.extensions import cursor as Cursor

from app import create_app
from app.config import Config, psycopg2_url
from app.core import migrate
from app.runtime import memory, postgres, valkey
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
SECRET = "benchmark-secret-key"


@dataclass(frozen=True)
class Stack:
    """One PostgreSQL and one Valkey of our own, migrated."""

    folder: Path
    app_url: str
    owner_url: str
    superuser_url: str
    redis_url: str

    @property
    def config(self) -> Config:
        return Config(
            database_url=psycopg2_url(self.app_url),
            migration_database_url=psycopg2_url(self.owner_url),
            redis_url=self.redis_url,
            secret_key=SECRET,
            data_dir=self.folder / "data",
            evolution_api_url="http://127.0.0.1:9",
            evolution_api_key="bench",
            outbound_allow=["127.0.0.0/8"],
            api_rate_limit="1000000 per minute",
            login_rate_limit="1000000 per minute",
        )

    def app(self, **changes: object) -> Flask:
        """For what a worker does, run in this process; prepared as a worker's own."""
        app = create_app(replace(self.config, **changes))  # type: ignore[arg-type]
        memory.freeze()
        return app

    def environment(self, **more: str) -> dict[str, str]:
        ours = {
            "DATABASE_URL": self.app_url,
            "MIGRATION_DATABASE_URL": self.owner_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": SECRET,
            "RECADO_DATA": str(self.folder / "data"),
            "EVOLUTION_API_URL": "http://127.0.0.1:9",
            "EVOLUTION_API_KEY": "bench",
            "OUTBOUND_ALLOW": "127.0.0.0/8",
            "API_RATE_LIMIT": "1000000 per minute",
            "LOGIN_RATE_LIMIT": "1000000 per minute",
        }
        return {**os.environ, **ours, **more}

    @contextlib.contextmanager
    def cursor(self, url: str | None = None) -> Iterator[Cursor]:
        """In autocommit; as the application's role unless told otherwise."""
        with contextlib.closing(psycopg2.connect(url or self.app_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor

    def scalar(self, statement: str) -> Any:
        """As the superuser: counting is not what is measured."""
        with self.cursor(self.superuser_url) as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]


@contextlib.contextmanager
def stack(settings: dict[str, str] | None = None) -> Iterator[Stack]:
    """Fresh servers in a folder of their own; they end with the block. `settings`: of PostgreSQL, over the usual."""
    folder = Path(tempfile.mkdtemp(prefix="recado-bench-"))
    (folder / "data").mkdir()
    folder.chmod(0o711)  # as root the database runs as somebody else
    with contextlib.ExitStack() as closing:
        closing.callback(shutil.rmtree, folder, ignore_errors=True)
        database = postgres.start(folder, settings)
        closing.callback(database.stop)
        cache = valkey.start(folder)
        closing.callback(cache.stop)
        migrate.upgrade(psycopg2_url(database.owner_url), database.app_url)
        yield Stack(folder, database.app_url, database.owner_url, database.superuser_url, cache.url)


@contextlib.contextmanager
def process(
    arguments: Sequence[str], environment: dict[str, str], log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process of the project; killed with its children at the end. `log`: where it complains, if not here."""
    command = [sys.executable, "-u", *arguments]
    with contextlib.nullcontext() if log is None else log.open("ab") as complaints:
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=complaints, start_new_session=True
        )
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(5)


@contextlib.contextmanager
def web(stack: Stack) -> Iterator[int]:
    """The product's web process; yields its port."""
    port = free_port()
    with process(["wsgi.py"], stack.environment(PORT=str(port))):
        wait_for_http(f"http://127.0.0.1:{port}/healthz")
        yield port


@contextlib.contextmanager
def bare_web(stack: Stack, *, relay: bool = False) -> Iterator[int]:
    """The limit of the webhook's door: see bare_web.py."""
    port = free_port()
    with process(["-m", "benchmarks.bare_web", str(port), *(["relay"] if relay else [])], stack.environment()):
        wait_for_http(f"http://127.0.0.1:{port}/")
        yield port


@contextlib.contextmanager
def worker(stack: Stack, *queues: str) -> Iterator[subprocess.Popen[bytes]]:
    with process(["worker.py", *queues], stack.environment()) as running:
        yield running


def wait_for_http(url: str, patience: float = 30) -> None:
    wait_until(lambda: _answers(url), patience)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(condition: Callable[[], object], patience: float = 60, every: float = 0.05) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it never became true")
        time.sleep(every)


def fdatasync_us(folder: Path) -> float:
    """Median of 100 appended pages, in microseconds: what a commit costs at least on this disk."""
    path, waits = folder / "fdatasync", []
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    for _ in range(100):
        os.write(handle, b"x" * 8192)
        started = time.perf_counter()
        os.fdatasync(handle)
        waits.append(time.perf_counter() - started)
    os.close(handle)
    path.unlink()
    return statistics.median(waits) * 1e6


def percentile(values: Sequence[float], share: float) -> float:
    """`share` of 0.95 is the p95."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
