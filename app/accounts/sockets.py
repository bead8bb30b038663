"""Who may listen: a session cookie or a JWT opens the socket, and rooms follow the person's permissions.

A socket outlives the request that opened it, so its credentials are looked at again every RECHECK_SECONDS, and at once
when somebody's sessions end.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request, session
from flask_socketio import ConnectionRefusedError, SocketIO, join_room
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.queries import Person
from app.accounts.service import pairs, sessions
from app.accounts.service.pairs import Keys
from app.core import background, prometheus, realtime, throttle
from app.core.permissions import can

CONNECT_RATE = "300 per minute"  # per address: a whole office comes back at once after a restart
RECHECK_SECONDS = 30
# Events that only some may hear (a QR code connects a number) go to a room per permission.
PERMISSION_ROOMS = ("instances.connect", "inbox.all", "inbox.use", "campaigns.read")

Credentials = tuple[str, str]  # ("jwt" or "session", the token)
Listener = Callable[[Person, str], None]
_open: dict[str, tuple[Credentials, Person]] = {}  # this process's sockets by id
_ended: dict[str, tuple[Credentials, Person]] = {}  # thrown out, and not yet told so
_opened: list[Listener] = []
_closed: list[Listener] = []


def register(server: SocketIO, app: Flask) -> None:
    """Called once the web process has its server."""
    server.on_event("connect", connect)
    server.on_event("disconnect", forget)
    if not app.testing:
        server.start_background_task(_keep_checking, server, app)


def follow(opened: Listener, closed: Listener) -> None:
    """A feature above wants to know whose sockets open and close; both get the person and the socket's id."""
    if opened not in _opened:
        _opened.append(opened)
        _closed.append(closed)


def find_open(socket_id: str) -> Person | None:
    """Whose socket of this process that is."""
    found = _open.get(socket_id)
    return found[1] if found else None


def list_open() -> list[tuple[str, Person]]:
    return [(socket_id, person) for socket_id, (_credentials, person) in list(_open.items())]


def connect(auth: Any = None) -> None:
    """Joins the company's room, the person's own, and those of their permissions."""
    if throttle.hit(f"socket:{request.remote_addr}", CONNECT_RATE):
        raise ConnectionRefusedError("too_many")
    credentials = _credentials(auth)
    person = find_person(credentials)
    if person is None:
        raise ConnectionRefusedError("unauthorized")
    _open[request.sid] = (credentials, person)  # type: ignore[attr-defined]
    prometheus.sockets.inc()
    for room in rooms_of(person):
        join_room(room)
    for listener in _opened:
        listener(person, request.sid)  # type: ignore[attr-defined]


def forget(_reason: Any = None) -> None:
    socket_id = request.sid  # type: ignore[attr-defined]
    found = _open.pop(socket_id, None) or _ended.pop(socket_id, None)
    if found:
        prometheus.sockets.dec()
    for listener in _closed if found else ():
        listener(found[1], socket_id)  # type: ignore[index]


def _credentials(auth: Any) -> Credentials:
    token = auth.get("token") if isinstance(auth, dict) else None
    if token is not None:
        return "jwt", token if isinstance(token, str) else ""
    return "session", session.get("_user_id") or ""


def find_person(credentials: Credentials) -> Person | None:
    kind, token = credentials
    if not token:
        return None
    if kind == "jwt":
        access = pairs.find_access(token, Keys.of(current_app.extensions["recado"]))
        return access.person if access else None
    live = sessions.find_live_session(token, is_activity=False)
    return live.person if live else None


def rooms_of(person: Person) -> list[str]:
    actor = person.actor("web")
    mine = [realtime.permission_room(person.tenant_id, name) for name in PERMISSION_ROOMS if can(actor, name)]
    return [realtime.tenant_room(person.tenant_id), realtime.user_room(person.id), *mine]


def recheck(server: SocketIO) -> None:
    """Close the sockets whose session ended, whose token expired, or whose person may hear something else now."""
    people: dict[Credentials, Person | None] = {}  # a browser's tabs share their session
    for sid, (credentials, before) in list(_open.items()):
        if credentials not in people:
            people[credentials] = find_person(credentials)
        person = people[credentials]
        if person is None or rooms_of(person) != rooms_of(before):
            _ended[sid] = _open.pop(sid, (credentials, before))
            server.server.disconnect(sid)


def _keep_checking(server: SocketIO, app: Flask) -> None:
    heard, seconds = b"", 0
    while True:
        server.sleep(1)
        rung, seconds = _bell(), seconds + 1
        if rung == heard and seconds < RECHECK_SECONDS:
            continue
        heard, seconds = rung, 0
        with app.app_context():
            try:
                recheck(server)
            except SQLAlchemyError:  # the loop outlives a database that is away
                app.logger.warning("sockets could not be checked", exc_info=True)


def _bell() -> bytes:
    """Changes when somebody's sessions ended; with Redis away the turn every RECHECK_SECONDS has to do."""
    try:
        return background.redis().get(sessions.BELL) or b""
    except RedisError:
        return b""
