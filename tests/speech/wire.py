"""A real HTTP server on loopback that answers what it is told and keeps what it was asked."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Wire:
    """`script`: one answer for each request, in turn; the last one is repeated."""

    script: deque = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, status: int = 200, body: Any = b"", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.script.append((status, raw, {name.replace("_", "-"): value for name, value in headers.items()}))

    def act(self, action: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.script.append(action)

    def hang(self) -> None:
        """Until the test is over."""
        self.act(lambda handler: self.release.wait(60) and None)

    def reset(self) -> None:
        self.act(_reset)

    def cut(self, body: bytes) -> None:
        """Half of what was announced."""

        def send(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("content-length", str(2 * len(body)))
            handler.end_headers()
            handler.wfile.write(body)
            handler.close_connection = True

        self.act(send)


def start(wire: Wire) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            wire.asked.append(Asked(self.command, self.path, headers, raw))
            step = wire.script.popleft() if len(wire.script) > 1 else wire.script[0]
            if callable(step):
                step(self)
                return
            status, body, extra = step
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = handle_any

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
