"""Who is here: an expiring entry per open socket in Redis, so that a crash or a sleeping laptop goes offline alone.

Redis may be away: then nobody counts as online, nothing is distributed, and people still choose by hand.
"""

import uuid
from collections.abc import Iterable
from typing import Any

import structlog
from flask_babel import gettext as _
from redis.exceptions import RedisError

from app.core import clock, realtime
from app.core.background import nudge_now, redis
from app.core.context import current_actor
from app.core.errors import Invalid
from app.core.permissions import require
from app.inbox.queries.access import get_ticket
from app.inbox.queries.queues import list_attendants
from app.inbox.service.audience import ticket_room

log = structlog.get_logger(__name__)

ALIVE_SECONDS = 60.0
BEAT_SECONDS = 20.0
STATUSES = ("online", "away")
KEEP_CHOICE_SECONDS = 12 * 3600
PAGE = "page"  # a page without a socket, kept alive by its polling


def set_presence(status: str) -> str:
    """The actor's own choice: online or away. It outlives a change of page."""
    actor = require("inbox.use")
    if status not in STATUSES:
        raise Invalid.field("status", _("Escolha online ou ausente"))
    if actor.user_id is not None:
        choose(actor.tenant_id, actor.user_id, status)
    return status


def own_choice() -> str:
    """What the actor chose last; online, until they choose."""
    actor = require("inbox.use")
    try:
        raw = redis().get(_choice(actor.tenant_id, actor.user_id)) if actor.user_id else None
    except RedisError:
        raw = None
    return raw.decode() if raw else "online"


def touch_presence() -> None:
    """A page that polls because its socket is cut is somebody being here all the same."""
    actor = require("inbox.use")
    if actor.user_id is not None:
        arrive(actor.tenant_id, actor.user_id, PAGE)


def typing(ticket_id: uuid.UUID, *, is_checked: bool = False) -> None:
    """Colleagues who have the conversation open see it. Raises NotFound."""
    actor = require("inbox.use")
    if not is_checked:
        get_ticket(ticket_id)
    payload = {"ticket_id": str(ticket_id), "user_id": str(actor.user_id)}
    realtime.publish("ticket:typing", payload, room=ticket_room(ticket_id))


def list_presence() -> dict[uuid.UUID, str]:
    """User → online or away; whoever is missing is offline."""
    return presence_of(current_actor().tenant_id)


def list_attendants_here() -> list[dict[str, Any]]:
    """Those who attend and are here: {id, name, role, status, open_tickets, max_tickets}."""
    here = list_presence_or_nobody()
    return [{**vars(one), "status": here[one.id]} for one in list_attendants() if one.id in here]


def list_presence_or_nobody() -> dict[uuid.UUID, str]:
    """As `list_presence`, for pages that go on without Redis."""
    try:
        return list_presence()
    except RedisError:
        log.warning("presence_without_redis")
        return {}


def choose(tenant_id: uuid.UUID, user_id: uuid.UUID, status: str) -> None:
    try:
        redis().set(_choice(tenant_id, user_id), status, ex=KEEP_CHOICE_SECONDS)
    except RedisError:
        log.warning("presence_without_redis")
        return
    _tell(tenant_id, user_id, status)


def arrive(tenant_id: uuid.UUID, user_id: uuid.UUID, socket_id: str) -> None:
    """A socket opened, or says that it lives."""
    try:
        before = presence_of(tenant_id).get(user_id)
        beat([(tenant_id, user_id, socket_id)])
        after = presence_of(tenant_id).get(user_id)
    except RedisError:
        log.warning("presence_without_redis")
        return
    if after and after != before:
        _tell(tenant_id, user_id, after)


def beat(sockets: Iterable[tuple[uuid.UUID, uuid.UUID, str]]) -> None:
    """Keep the entries of living sockets, all in one round trip. Raises RedisError."""
    until = clock.now().timestamp() + ALIVE_SECONDS
    with redis().pipeline(transaction=False) as pipe:
        for tenant_id, user_id, socket_id in sockets:
            pipe.zadd(_sockets(tenant_id), {f"{user_id}/{socket_id}": until})
            pipe.expire(_sockets(tenant_id), int(ALIVE_SECONDS * 10))
            pipe.sadd(_TENANTS, str(tenant_id))
        pipe.execute()


def leave(tenant_id: uuid.UUID, user_id: uuid.UUID, socket_id: str) -> None:
    try:
        gone = redis().zrem(_sockets(tenant_id), f"{user_id}/{socket_id}")
        if gone and user_id not in presence_of(tenant_id):
            _tell(tenant_id, user_id, "offline")
    except RedisError:
        log.warning("presence_without_redis")


def sweep() -> int:
    """Tell of those whose entries ran out without a word: a crash, a cut cable. How many went offline."""
    now = clock.now().timestamp()
    told = 0
    for raw in redis().smembers(_TENANTS):
        tenant_id = uuid.UUID(raw.decode())
        key = _sockets(tenant_id)
        expired = {_user(member) for member in redis().zrangebyscore(key, "-inf", now)}
        redis().zremrangebyscore(key, "-inf", now)
        here = presence_of(tenant_id)
        for user_id in sorted(expired - set(here)):
            _tell(tenant_id, user_id, "offline")
            told += 1
        if not redis().exists(key):
            redis().srem(_TENANTS, raw)
    return told


def presence_of(tenant_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """Raises RedisError."""
    now = clock.now().timestamp()
    here = sorted({_user(member) for member in redis().zrangebyscore(_sockets(tenant_id), now, "+inf")})
    if not here:
        return {}
    chosen = redis().mget([_choice(tenant_id, user_id) for user_id in here])
    return {user_id: (raw.decode() if raw else "online") for user_id, raw in zip(here, chosen, strict=True)}


def online_ids(tenant_id: uuid.UUID) -> set[uuid.UUID]:
    """Those who may be given conversations; nobody while Redis is away."""
    try:
        return {user_id for user_id, status in presence_of(tenant_id).items() if status == "online"}
    except RedisError:
        log.warning("presence_without_redis")
        return set()


_TENANTS = "presence:tenants"


def _sockets(tenant_id: uuid.UUID) -> str:
    return f"presence:{tenant_id}"


def _choice(tenant_id: uuid.UUID, user_id: uuid.UUID) -> str:
    return f"presence:{tenant_id}:{user_id}:choice"


def _user(member: bytes) -> uuid.UUID:
    return uuid.UUID(member.decode().partition("/")[0])


def _tell(tenant_id: uuid.UUID, user_id: uuid.UUID, status: str) -> None:
    """Colleagues who attend see each other's presence, and whoever comes online gets what waits."""
    event = "user:offline" if status == "offline" else "user:online"
    room = realtime.permission_room(tenant_id, "inbox.use")
    realtime.publish(event, {"user_id": str(user_id), "status": status}, room=room)
    if status == "online":
        nudge_now("inbox.distribute", tenant_id=tenant_id)
