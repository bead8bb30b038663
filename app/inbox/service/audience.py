"""Who hears of a conversation over sockets: exactly those who may see it, or could until this change."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from app.core import realtime
from app.core.context import current_actor
from app.core.db import transaction

FACTS = ("ticket.created", "ticket.changed", "message.received", "message.queued", "message.status", "message.changed",
         "note.added")  # fmt: skip
_TICKETS = text("SELECT id, status, user_id, queue_id FROM tickets WHERE id = ANY (cast(:ids AS uuid[]))")
_MEMBERS = text("SELECT queue_id, user_id FROM queue_members WHERE queue_id = ANY (cast(:ids AS uuid[]))")
_NO_TICKET = ("inbox.all", "campaigns.read")


def rooms(payloads: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The rooms of each payload, by its `ticket_id` and by what the ticket was before (`was`)."""
    states = _states({p["ticket_id"] for p in payloads if p.get("ticket_id")})
    told = [[*states.get(p.get("ticket_id") or "", ()), *_before(p)] for p in payloads]
    members = _members({state["queue_id"] for each in told for state in each if _waits(state) and state["queue_id"]})
    return [_rooms(payload, each, members) for payload, each in zip(payloads, told, strict=True)]


def ticket_room(ticket_id: uuid.UUID) -> str:
    """Whoever has the conversation open; joined after a check, emptied when it changes hands."""
    return f"ticket:{ticket_id}"


def _states(ticket_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
    if not ticket_ids:
        return {}
    with transaction() as session:
        rows = session.execute(_TICKETS, {"ids": sorted(ticket_ids)}).mappings().all()
    return {str(row["id"]): [dict(row)] for row in rows}


def _before(payload: dict[str, Any]) -> list[dict[str, Any]]:
    was = payload.get("was")
    return [was] if was else []


def _members(queue_ids: set[Any]) -> dict[str, list[uuid.UUID]]:
    if not queue_ids:
        return {}
    with transaction() as session:
        rows = session.execute(_MEMBERS, {"ids": sorted(str(queue_id) for queue_id in queue_ids)}).all()
    found: dict[str, list[uuid.UUID]] = {}
    for row in rows:
        found.setdefault(str(row.queue_id), []).append(row.user_id)
    return found


def _waits(state: dict[str, Any]) -> bool:
    return state["status"] == "pending" and not state["user_id"]


def _rooms(payload: dict[str, Any], states: list[dict[str, Any]], members: dict[str, list[uuid.UUID]]) -> list[str]:
    tenant_id = current_actor().tenant_id
    if not payload.get("ticket_id"):
        return [realtime.permission_room(tenant_id, name) for name in _NO_TICKET]
    found = {realtime.permission_room(tenant_id, "inbox.all")}
    for state in states:
        if state["user_id"]:
            found.add(realtime.user_room(state["user_id"]))
        elif _waits(state) and state["queue_id"]:
            found |= {realtime.user_room(user_id) for user_id in members.get(str(state["queue_id"]), ())}
        elif _waits(state):
            found.add(realtime.permission_room(tenant_id, "inbox.use"))
    return sorted(found)
