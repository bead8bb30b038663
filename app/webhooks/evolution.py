"""`POST /webhooks/evolution/<instance_id>`: is it that number's gateway? Then keep the bytes and answer 200.

Nothing is parsed here (a 16 MB body would cost a quarter second); the events worker does. The secret is compared in
constant time, and as the same work for a number that does not exist. A stranger is told 401; when the database is
away the answer is 503 and the gateway tries again.

It stands in front of Flask: a number on campaign posts hundreds of events a second, and the hooks of pages (session,
language, person, limits) would cost ten times the one statement that an event needs.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from flask import Flask
from redis.exceptions import RedisError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from app.core.background import nudge_now
from app.core.crypto import same, token_hash
from app.core.ids import new_id
from app.core.oneshot import Broken, Pool

log = structlog.get_logger(__name__)

PREFIX = "/webhooks/evolution/"
MAX_BODY = 140 * 1024 * 1024  # a video in base64, inside JSON
REMEMBER_SECONDS = 30.0
NUDGE_WINDOW = 0.25
NUDGE_SPACING = 0.005
_TARGET = "SELECT tenant_id::text, secret_hash FROM find_webhook_target(%s)"
_STORE = "SELECT store_inbound(%s, %s, %s, %s)"
_NOBODY = b"\0" * 32
_LINES = {
    200: "200 OK",
    401: "401 Unauthorized",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def init_app(app: Flask) -> None:
    config = app.extensions["recado"]
    waker = Waker(_wake, 0 if config.testing else NUDGE_SPACING)
    door = Door(app.wsgi_app, Pool(config.database_url, config.sql_pool_size), waker)
    app.wsgi_app = door  # type: ignore[method-assign]


class Door:
    def __init__(self, pages: Application, pool: Pool, wake: Callable[[], None]) -> None:
        self._pages, self._pool, self._wake = pages, pool, wake
        self._targets: dict[UUID, tuple[float, str, bytes]] = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._pages(environ, start_response)
        try:
            status = self._receive(environ)
        except Broken:
            log.warning("webhook_without_database", exc_info=True)
            status = 503
        retry = [("Retry-After", "5")] if status == 503 else []
        start_response(_LINES[status], [("Content-Length", "0"), *retry])
        return [b""]

    def _receive(self, environ: Environ) -> int:
        instance_id = _instance(environ["PATH_INFO"])
        if instance_id is None:
            return 404
        if environ["REQUEST_METHOD"] != "POST":
            return 405
        tenant_id, secret_hash = self._target(instance_id)
        if not same(token_hash(_secret(environ)), secret_hash) or tenant_id is None:
            return 401
        try:
            raw = get_input_stream(environ, max_content_length=MAX_BODY).read()
        except RequestEntityTooLarge:
            return 413
        if raw:
            self._store(instance_id, tenant_id, raw)
        return 200

    def _target(self, instance_id: UUID) -> tuple[str | None, bytes]:
        """Remembered for a while: secrets rarely change, and a burst should cost one statement per event."""
        known = self._targets.get(instance_id)
        if known and known[0] > time.monotonic():
            return known[1], known[2]
        row = self._pool.first(_TARGET, (str(instance_id),))
        if row is None or row[1] is None:
            return None, _NOBODY
        self._targets[instance_id] = (time.monotonic() + REMEMBER_SECONDS, row[0], bytes(row[1]))
        return row[0], bytes(row[1])

    def _store(self, instance_id: UUID, tenant_id: str, raw: bytes) -> None:
        """One statement, one commit. The same bytes again change nothing."""
        row = self._pool.first(_STORE, (str(new_id()), tenant_id, str(instance_id), raw))
        if row and row[0]:
            self._wake()


def _instance(path: str) -> UUID | None:
    """An instance set to "webhook by events" appends the event's name."""
    try:
        return UUID(path.removeprefix(PREFIX).partition("/")[0])
    except ValueError:
        return None


def _secret(environ: Environ) -> str:
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


class Waker:
    """Calls at most once per `spacing` seconds, off the request's path, and always once more after the last asking.

    A spacing of 0 calls at once.
    """

    def __init__(self, call: Callable[[], None], spacing: float) -> None:
        self._call, self._spacing = call, spacing
        self._next, self._is_set = 0.0, False

    def __call__(self) -> None:
        if not self._spacing:
            self._call()
        elif not self._is_set:
            self._is_set = True
            timer = threading.Timer(max(0.0, self._next - time.monotonic()), self._fire)
            timer.daemon = True
            timer.start()

    def _fire(self) -> None:
        self._is_set = False  # before the call: whoever stores from here on asks again
        self._next = time.monotonic() + self._spacing
        self._call()


def _wake() -> None:
    """Best effort: the sweep finds what a lost nudge would have announced."""
    try:
        nudge_now("webhooks.process", NUDGE_WINDOW)
    except RedisError:
        return
