"""Somebody's system that is told things: answers as it is bid, keeps what it heard."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Heard:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """`status` by path; `gates`: a path that waits until its gate opens; `refused`: said no to once, by what is in it."""

    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    status: dict[str, int | list[int]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str = "/") -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    def next_status(self, path: str, body: str = "") -> int:
        for words in [one for one in self.refused if one in body]:
            self.refused.remove(words)
            return 500
        wanted = self.status.get(path, 200)
        if isinstance(wanted, int):
            return wanted
        return wanted.pop(0) if len(wanted) > 1 else wanted[0]


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.heard.append(Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if self.path in found.gates:
                found.gates[self.path].wait(60)
            answer = b'{"ok": true}'
            self.send_response(found.next_status(self.path, body))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield found
    finally:
        for gate in found.gates.values():
            gate.set()
        server.shutdown()
        server.server_close()
