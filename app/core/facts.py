"""Facts: what happened, written in the transaction that made it happen.

Sockets, outgoing webhooks, roll-ups, alerts and the bot read facts, so a feature never calls upward. `emit` writes the
row and, after the commit, publishes the socket event that belongs to it (ids and small facts only).
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import text

from app.core import ids, realtime
from app.core.context import current_actor
from app.core.db import after_commit, gather, transaction

# A batch is one statement: executemany would be a round trip per fact.
_INSERT = text("""
    INSERT INTO facts (id, tenant_id, name, payload) SELECT t.id, :tenant_id, t.name, cast(t.payload AS jsonb)
    FROM unnest(cast(:ids AS uuid[]), cast(:names AS text[]), cast(:payloads AS text[])) AS t(id, name, payload)
""")

SOCKET_EVENTS = {
    "campaign.progress": "campaign:progress",
    "campaign.changed": "campaign:progress",
    "alert.opened": "alert:update",
    "alert.resolved": "alert:update",
    "import.progress": "import:progress",
    "message.received": "message:new",
    "message.queued": "message:new",
    "message.status": "message:update",
    "message.changed": "message:update",
    "note.added": "message:new",
    "ticket.created": "ticket:new",
    "ticket.changed": "ticket:update",
    "instance.connected": "whatsapp:ready",
    "instance.disconnected": "whatsapp:disconnected",
    "instance.changed": "whatsapp:disconnected",
}


Payload = dict[str, Any]
Audience = Callable[[Sequence[Payload]], list[list[str]]]

_subscribers: dict[str, list[Callable[..., None]]] = defaultdict(list)
_audiences: dict[str, Audience] = {}


def subscribe(name: str, call: Callable[..., None]) -> None:
    """`call(**payload)` runs inside the transaction of the fact; the factory wires upper features to lower facts."""
    if call not in _subscribers[name]:
        _subscribers[name].append(call)


def address(names: Iterable[str], call: Audience) -> None:
    """`call(payloads)` answers, inside the transaction, the rooms of each; other facts go to the whole company."""
    _audiences.update(dict.fromkeys(names, call))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def emit(name: str, **payload: Any) -> None:
    """Record one fact of the current tenant; `payload` holds ids and small values, never text or personal data."""
    emit_many([(name, payload)])


def emit_many(facts: Iterable[tuple[str, dict[str, Any]]]) -> None:
    tenant_id = current_actor().tenant_id
    rows: list[dict[str, Any]] = [
        {"id": ids.new_id(), "tenant_id": tenant_id, "name": name, "payload": {k: _plain(v) for k, v in data.items()}}
        for name, data in facts
    ]
    if not rows:
        return
    with transaction() as session:
        session.execute(_INSERT, {"tenant_id": tenant_id, **_columns(rows)})
        for row in rows:
            for call in _subscribers.get(row["name"], ()):
                call(**row["payload"])
        _tell(rows)


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {
        "ids": [str(row["id"]) for row in rows],
        "names": [row["name"] for row in rows],
        "payloads": [orjson.dumps(row["payload"]).decode() for row in rows],
    }


def notify(name: str, **payload: Any) -> None:
    """A socket event without a durable fact: progress ticks that only a looking person needs."""
    notify_many([(name, payload)])


def notify_many(news: Iterable[tuple[str, dict[str, Any]]]) -> None:
    _tell([{"name": name, "payload": {k: _plain(v) for k, v in data.items()}} for name, data in news])


def _tell(rows: list[dict[str, Any]]) -> None:
    """After the commit, to those who may hear it as things stand at the end of this transaction."""
    heard = [row for row in rows if row["name"] in SOCKET_EVENTS]
    if heard:
        gather(_publish, heard)


def _publish(heard: list[dict[str, Any]]) -> None:
    everybody = [realtime.tenant_room(current_actor().tenant_id)]
    rooms = {id(row): everybody for row in heard}
    for call in {_audiences[row["name"]]: None for row in heard if row["name"] in _audiences}:
        addressed = [row for row in heard if _audiences.get(row["name"]) is call]
        found = call([row["payload"] for row in addressed])
        rooms |= {id(row): listeners for row, listeners in zip(addressed, found, strict=True)}
    news = [(SOCKET_EVENTS[row["name"]], _public(row["payload"]), rooms[id(row)]) for row in heard]
    after_commit(lambda: realtime.publish_many(news))


def _public(payload: Payload) -> Payload:
    """`was` only says who could see it before."""
    return {key: value for key, value in payload.items() if key != "was"}
