"""The limit of a broadcast: eventlet's own websockets, and a loop that writes to each. Nothing else.

`python -m benchmarks.bare_sockets PORT`; `POST /say` sends its body to everybody.
"""

import sys

from app import green

green.patch()

from collections.abc import Callable, Iterable  # noqa: E402
from typing import Any  # noqa: E402

from eventlet.websocket import WebSocketWSGI  # noqa: E402


class Bare:
    def __init__(self) -> None:
        self._sockets: set[Any] = set()
        self._listen = WebSocketWSGI(self._keep)

    def _keep(self, socket: Any) -> None:
        self._sockets.add(socket)
        try:
            while socket.wait() is not None:
                pass
        finally:
            self._sockets.discard(socket)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            return self._listen(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST":
            text = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
            for socket in list(self._sockets):
                socket.send(text)
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]


if __name__ == "__main__":
    green.serve(Bare(), green.listen("127.0.0.1", int(sys.argv[1])))
