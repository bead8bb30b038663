"""What is told, made once, before the first call: every try and every replay sends the same bytes."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import select, text

from app.core import clock
from app.core.context import Actor, current_actor
from app.core.db import transaction
from app.core.permissions import can
from app.hooks import queries
from app.hooks.models import Delivery, Webhook
from app.hooks.queries import Sources
from app.hooks.rules import KINDS, PEOPLE, TEST, TEXTS, kind

_KEEP = text("""
    UPDATE webhook_deliveries d SET body = n.body
    FROM unnest(cast(:ids AS uuid[]), cast(:bodies AS text[])) AS n(id, body) WHERE d.id = n.id
""")
_WRITTEN = ("text", "file_name", "error_message")
_PERSON = ("id", "name", "phone", "email")


def render(delivery_ids: Collection[uuid.UUID]) -> tuple[dict[uuid.UUID, str], dict[uuid.UUID, Webhook]]:
    """Bodies by delivery, of one company, and the addresses they go to. Commits what it made."""
    with transaction() as session:
        mine = Delivery.tenant_id == current_actor().tenant_id
        rows = session.scalars(select(Delivery).where(mine, Delivery.id.in_(delivery_ids))).all()
        hooks = {row.webhook_id for row in rows}
        webhooks = {hook.id: hook for hook in session.scalars(select(Webhook).where(Webhook.id.in_(hooks)))}
        session.expunge_all()
        fresh = [row for row in rows if row.body is None]
        made = _bodies(fresh) if fresh else {}
        if made:
            session.execute(_KEEP, {"ids": [str(key) for key in made], "bodies": list(made.values())})
    return {row.id: row.body or made[row.id] for row in rows}, webhooks


def _bodies(rows: Collection[Delivery]) -> dict[uuid.UUID, str]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for name in KINDS:
            if value := row.facts.get(f"{name}_id"):
                wanted[name].add(str(value))
    sources = queries.read_sources(wanted, {row.webhook_id for row in rows})
    return {row.id: _body(row, sources) for row in rows}


def _body(row: Delivery, sources: Sources) -> str:
    data = _sample() if row.event == TEST else _data(row, sources, _sights(row.webhook_id, sources))
    whole = {"type": row.event, "timestamp": row.created_at, "data": data}
    return orjson.dumps(whole, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC).decode()


def _sample() -> dict[str, Any]:
    return {"text": "Teste de webhook do Recado", "sent_at": clock.now()}


def _sights(webhook_id: uuid.UUID, sources: Sources) -> frozenset[str]:
    """What the person who answers for the address could see then and may still see now; nobody left, nothing seen."""
    row = sources.get("webhook", webhook_id)
    if row is None or row["role"] is None:
        return frozenset()
    person = Actor(current_actor().tenant_id, role=row["role"], permissions=frozenset(row["permissions"] or ()))
    return frozenset(sight for sight in row["sees"] if can(person, sight))


def _data(row: Delivery, sources: Sources, sights: frozenset[str]) -> dict[str, Any]:
    """The fact's own ids and small values, and the thing itself as it stands now."""
    name = kind(row.event)
    thing = sources.get(name, row.facts.get(f"{name}_id"))
    data: dict[str, Any] = dict(row.facts)
    if thing is None:
        return data
    data[name] = _shown(name, thing, sights)
    if name in ("message", "ticket"):
        person = sources.get("contact", thing["contact_id"])
        data["contact"] = _shown("contact", {key: person[key] for key in _PERSON}, sights) if person else None
    return data


def _shown(name: str, thing: Mapping[str, Any], sights: frozenset[str]) -> dict[str, Any]:
    if name == "contact" and PEOPLE not in sights:
        return {"id": thing["id"]}
    if name == "message" and TEXTS not in sights:
        return {key: value for key, value in thing.items() if key not in _WRITTEN}
    return dict(thing)
