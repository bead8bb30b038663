"""The inbox over sockets: a conversation's room after a check, typing, and presence that survives no crash.

Every event answers `{ok, error?}`; what goes out carries ids only.
"""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, join_room, leave_room, rooms
from redis.exceptions import RedisError

from app.accounts import sockets as accounts
from app.accounts.queries import Person
from app.core import throttle
from app.core.context import acting
from app.core.errors import AppError, Invalid, NotFound, TooMany
from app.core.permissions import can
from app.inbox import queries, service
from app.inbox.service import presence
from app.inbox.service.audience import ticket_room

RATES = {"ticket:subscribe": "240 per minute", "ticket:unsubscribe": "240 per minute", "ticket:typing": "60 per minute",
         "user:status": "60 per minute"}  # fmt: skip
Answer = dict[str, Any]


def register(server: SocketIO, app: Flask) -> None:
    accounts.follow(_opened, _closed)
    for event, handler in _HANDLERS.items():
        server.on_event(event, _door(event, handler))
    if not app.testing:
        server.start_background_task(_keep_beating, server, app)


def _door(event: str, handler: Callable[[Any], None]) -> Callable[..., Answer]:
    """Who is asking, how often, and the answer in one shape."""

    def answer(data: Any = None) -> Answer:
        person = accounts.find_open(request.sid)  # type: ignore[attr-defined]
        if person is None:
            return {"ok": False, "error": "unauthorized"}
        with acting(person.actor("web")):
            try:
                if throttle.hit(f"socket:{event}:{person.id}", RATES[event]):
                    raise TooMany
                handler(data)
            except AppError as refused:
                return {"ok": False, "error": refused.code}
        return {"ok": True}

    return answer


def _subscribe(data: Any) -> None:
    ticket_id = _ticket_id(data)
    if not queries.may_see(ticket_id):
        raise NotFound
    join_room(ticket_room(ticket_id))


def _unsubscribe(data: Any) -> None:
    leave_room(ticket_room(_ticket_id(data)))


def _typing(data: Any) -> None:
    """Only from inside the room: subscribing was the check."""
    ticket_id = _ticket_id(data)
    if ticket_room(ticket_id) not in rooms():
        raise NotFound
    service.typing(ticket_id, is_checked=True)


def _status(data: Any) -> None:
    status = data.get("status") if isinstance(data, dict) else data
    service.set_presence(status if isinstance(status, str) else "")


_HANDLERS: dict[str, Callable[[Any], None]] = {
    "ticket:subscribe": _subscribe,
    "ticket:unsubscribe": _unsubscribe,
    "ticket:typing": _typing,
    "user:status": _status,
}


def _ticket_id(data: Any) -> uuid.UUID:
    raw = data.get("ticket_id") if isinstance(data, dict) else data
    try:
        return uuid.UUID(raw)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid from error


def _attends(person: Person) -> bool:
    return can(person.actor("web"), "inbox.use")


def _opened(person: Person, socket_id: str) -> None:
    if _attends(person):
        presence.arrive(person.tenant_id, person.id, socket_id)


def _closed(person: Person, socket_id: str) -> None:
    if _attends(person):
        presence.leave(person.tenant_id, person.id, socket_id)


def _keep_beating(server: SocketIO, app: Flask) -> None:
    """A process that dies stops beating, and its people are offline when their entries run out."""
    while True:
        server.sleep(presence.BEAT_SECONDS)
        try:
            beat_all()
        except RedisError:
            app.logger.warning("presence could not be kept", exc_info=True)


def beat_all() -> None:
    living = [(person.tenant_id, person.id, sid) for sid, person in accounts.list_open() if _attends(person)]
    if living:
        presence.beat(living)
