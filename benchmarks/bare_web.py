"""The limit of the webhook's door: eventlet, the bearer compared, one INSERT with its commit, 200. Nothing else.

`relay` adds Socket.IO with a room per company, as the libraries come, and says each stored event to its room straight
away.
"""

import sys

from app import green

green.patch()

import hmac  # noqa: E402
import os  # noqa: E402
import uuid  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from typing import Any  # noqa: E402

import psycopg2  # noqa: E402
import socketio  # noqa: E402
from eventlet import wsgi  # noqa: E402
from eventlet.queue import Queue  # noqa: E402

POOL = 16
SECRET = b"Bearer bench"


class Bare:
    def __init__(self, tell: Callable[[str, str], None] | None) -> None:
        self._pool: Queue = Queue()
        self._tell = tell
        for _ in range(POOL):
            connection = psycopg2.connect(os.environ["DATABASE_URL"])
            connection.autocommit = True
            self._pool.put(connection)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            if not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", "").encode(), SECRET):
                start_response("401 Unauthorized", [("Content-Length", "0")])
                return [b""]
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            stored = uuid.uuid4()
            self._store(stored, body)
            if self._tell:
                self._tell(environ["PATH_INFO"].rsplit("/", 1)[1], environ.get("HTTP_X_NUMBER", ""))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    def _store(self, stored: uuid.UUID, body: bytes) -> None:
        connection = self._pool.get()
        try:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO bare_events (id, body) VALUES (%s, %s)", (str(stored), body))
        finally:
            self._pool.put(connection)


def main(port: int, relay: bool) -> None:
    listener = green.listen("127.0.0.1", port)
    if not relay:
        green.serve(Bare(None), listener)
        return
    server = socketio.Server(async_mode="eventlet", cors_allowed_origins="*")
    server.on("connect", lambda sid, _environ, auth=None: server.enter_room(sid, (auth or {}).get("room", "nobody")))
    bare = Bare(lambda room, number: server.emit("message:new", {"n": number}, room=room))
    wsgi.server(listener, socketio.WSGIApp(server, bare), max_size=green.MOST_CONNECTIONS, log_output=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), "relay" in sys.argv[2:])
