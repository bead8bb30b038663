"""Who may listen: a session cookie or a JWT opens the socket, and rooms follow the person's permissions."""

from typing import Any

from flask import current_app, request, session
from flask_socketio import ConnectionRefusedError, SocketIO, join_room

from app.accounts.queries import Person
from app.accounts.service import pairs, sessions
from app.accounts.service.pairs import Keys
from app.core import realtime, throttle
from app.core.permissions import can

CONNECT_RATE = "300 per minute"  # per address: a whole office comes back at once after a restart
# Events that only some may hear (a QR code connects a number) go to a room per permission.
PERMISSION_ROOMS = ("instances.connect",)


def register(server: SocketIO) -> None:
    """Called once the web process has its server."""
    server.on_event("connect", connect)


def connect(auth: Any = None) -> None:
    """Joins the company's room, the person's own, and those of their permissions."""
    if throttle.hit(f"socket:{request.remote_addr}", CONNECT_RATE):
        raise ConnectionRefusedError("too_many")
    person = _find_person(auth)
    if person is None:
        raise ConnectionRefusedError("unauthorized")
    for room in rooms_of(person):
        join_room(room)
    current_app.logger.debug("socket of %s joined", person.id)


def _find_person(auth: Any) -> Person | None:
    token = auth.get("token") if isinstance(auth, dict) else None
    if token is not None:
        keys = Keys.of(current_app.extensions["recado"])
        access = pairs.find_access(token, keys) if isinstance(token, str) else None
        return access.person if access else None
    cookie = session.get("_user_id")
    live = sessions.find_live_session(cookie) if cookie else None
    return live.person if live else None


def rooms_of(person: Person) -> list[str]:
    actor = person.actor("web")
    mine = [realtime.permission_room(person.tenant_id, name) for name in PERMISSION_ROOMS if can(actor, name)]
    return [realtime.tenant_room(person.tenant_id), realtime.user_room(person.id), *mine]
