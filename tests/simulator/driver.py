"""The real program in a process of its own, and a small real receiver for its webhooks."""

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

KEY = "chave-de-teste"
PATIENCE = 60.0


@contextlib.contextmanager
def running(port: int, *, data: Path | None = None, speed: float = 50) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--api-key", KEY, "--speed", str(speed)]
    if data:
        command += ["--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        # It prints its address when it listens.
        assert re.search(r"http://127\.0\.0\.1", process.stdout.readline())
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        return self.body["data"]


@dataclass
class Receiver:
    """Remembers every post; `answers` are the statuses of the next posts (then 200)."""

    url: str = ""
    posts: list[Posted] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, posted: Posted) -> int:
        with self.arrived:
            self.posts.append(posted)
            self.arrived.notify_all()
            return self.answers.pop(0) if self.answers else 200

    def of(self, event: str) -> list[Posted]:
        return [posted for posted in list(self.posts) if posted.body["event"] == event]

    def wait(self, event: str, *, count: int = 1, where: Callable[[Any], bool] = lambda _: True) -> list[Posted]:
        """The posts of an event, once there are `count` whose data satisfies `where`."""

        def found() -> list[Posted]:
            return [posted for posted in self.of(event) if where(posted.data)]

        with self.arrived:
            enough = self.arrived.wait_for(lambda: len(found()) >= count, PATIENCE)
        assert enough, f"wanted {count}× {event}, got {[p.body['event'] for p in self.posts]}"
        return found()


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = receiver.take(Posted(self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


class Gateway:
    """Calls as the application makes them (`api`) and as the person at the phones (`sim`)."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.http = requests.Session()

    def api(self, method: str, path: str, body: Any = None, *, key: str | None = KEY, **more: Any) -> requests.Response:
        headers = {"apikey": key} if key else {}
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=PATIENCE, **more)

    def sim(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.url}/_sim/{path}", json=body, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.json()

    def send(self, text: str = "Oi", number: str = "5511987654321", **more: Any) -> requests.Response:
        return self.api("POST", "/message/sendText/loja", {"number": number, "text": text, **more})

    def fault(self, kind: str, **more: Any) -> None:
        self.sim("POST", "faults", {"kind": kind, **more})

    def create(self, name: str = "loja", **more: Any) -> dict[str, Any]:
        body = {"instanceName": name, "integration": "WHATSAPP-BAILEYS", **more}
        answer = self.api("POST", "/instance/create", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def pair(self, receiver: Receiver, name: str = "loja") -> None:
        """Show the QR, scan it, wait until open."""
        assert self.api("GET", f"/instance/connect/{name}").json()["count"] == 1
        self.sim("POST", f"instances/{name}/scan")
        receiver.wait("connection.update", where=lambda data: data["state"] == "open")
