"""The simulator as a real process, and a place where its webhooks arrive."""

import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import urllib3

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
KEY = "simulador"


@dataclass(frozen=True)
class Simulator:
    url: str
    _http: urllib3.PoolManager = field(default_factory=urllib3.PoolManager, repr=False)

    def play(self, method: str, path: str, **body: Any) -> Any:
        """One call of the control API; `path` as after /_sim/."""
        answer = self._http.request(
            method, f"{self.url}/_sim/{path}", body=orjson.dumps(body) if body else None, timeout=10
        )
        assert answer.status < 300, (answer.status, answer.data)
        return orjson.loads(answer.data)


@contextlib.contextmanager
def simulator(speed: float = 50, **config: Any) -> Iterator[Simulator]:
    port = free_port()
    command = [sys.executable, "-u", "-m", "simulator", "--port", str(port), "--speed", str(speed)]
    process = subprocess.Popen([*command, "--api-key", KEY], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "the simulator did not start"
        running = Simulator(f"http://127.0.0.1:{port}")
        if config:
            running.play("POST", "config", **config)
        yield running
    finally:
        process.terminate()
        process.wait(10)


class Mailbox:
    """Answers 200 to every webhook and keeps what came."""

    def __init__(self) -> None:
        self._came: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        mailbox = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                mailbox._came.put(({k.lower(): v for k, v in self.headers.items()}, raw))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def next(self, timeout: float = 10) -> tuple[dict[str, str], bytes]:
        return self._came.get(timeout=timeout)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
