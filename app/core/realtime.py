"""The only mouth to Socket.IO: web processes serve it, workers publish through Redis.

Events carry ids and small facts; a page that receives one fetches its fragment again.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import structlog
from flask_socketio import SocketIO
from socketio import RedisManager

from app import green

log = structlog.get_logger(__name__)

CHANNEL = "flask-socketio"
_server: SocketIO | None = None
_emitter: SocketIO | None = None


def serve(app: Any, redis_url: str, *, async_mode: str) -> SocketIO:
    """The web process's server; other processes reach its clients through Redis."""
    global _server
    _server = SocketIO(
        app,
        client_manager=_relay(redis_url, write_only=False),
        async_mode=async_mode,
        manage_session=False,
        cookie=None,
        ping_interval=25,
        ping_timeout=20,
        max_http_buffer_size=64 * 1024,
    )
    if async_mode == green.ASYNC_MODE:
        green.quicken(_server.server.eio)
    return _server


def connect_emitter(redis_url: str) -> None:
    """For processes without clients: an emitter whose channel must match the server's."""
    global _emitter
    # Without the mode it would pick eventlet because it is installed; workers must stay free of it.
    _emitter = None
    if redis_url:
        relay = _relay(redis_url, write_only=True)
        _emitter = SocketIO(message_queue=redis_url, client_manager=relay, async_mode="threading")


class _Relay(RedisManager):
    """Publishes what one thread says inside `together()` in one round trip instead of one per event."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._gathering = threading.local()

    @contextmanager
    def together(self) -> Iterator[None]:
        held: list[Any] = []
        self._gathering.data = held
        try:
            yield
        finally:
            self._gathering.data = None
        if held:
            self._publish_all(held)

    def _publish(self, data: Any) -> Any:
        held = getattr(self._gathering, "data", None)
        if held is None:
            return super()._publish(data)
        return held.append(data)

    def _publish_all(self, held: list[Any]) -> None:
        """The first one the usual way: it connects, and again when the connection was lost."""
        super()._publish(held[0])
        with self.redis.pipeline(transaction=False) as pipeline:
            for data in held[1:]:
                pipeline.publish(self.channel, self.json.dumps(data))
            pipeline.execute()


def _relay(redis_url: str, *, write_only: bool) -> _Relay | None:
    """Named here because Flask-SocketIO takes a `unix://` address for another kind of broker."""
    return _Relay(redis_url, channel=CHANNEL, write_only=write_only) if redis_url else None


def tenant_room(tenant_id: uuid.UUID) -> str:
    return f"tenant:{tenant_id}"


def user_room(user_id: uuid.UUID) -> str:
    return f"user:{user_id}"


def permission_room(tenant_id: uuid.UUID, permission: str) -> str:
    """Only sockets whose user holds that permission join it."""
    return f"tenant:{tenant_id}:{permission}"


def publish(event: str, payload: dict[str, Any], *, room: str) -> None:
    """Best effort: the rows are the truth and pages also poll."""
    publish_many([(event, payload, [room])])


def publish_many(events: Sequence[tuple[str, dict[str, Any], list[str]]]) -> None:
    """Each event to its rooms; who sits in several of them hears it once."""
    channel = _server or _emitter
    if channel is None or not events:
        return
    try:
        relay = channel.server.manager
        with relay.together() if isinstance(relay, _Relay) else nullcontext():
            for event, payload, rooms in events:
                channel.emit(event, payload, to=rooms)
    except Exception:
        log.warning("publish_failed", events=len(events), exc_info=True)


def close_room(room: str) -> None:
    """Everybody leaves it, in every process."""
    channel = _server or _emitter
    if channel is None:
        return
    try:
        channel.server.manager.close_room(room, "/")
    except Exception:
        log.warning("close_room_failed", exc_info=True)
