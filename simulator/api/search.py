"""Reading what the gateway stored: messages, statuses, contacts, chats (section 7)."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from simulator import ids, numbers
from simulator.api.frame import Call, answer
from simulator.state import Contact, Instance, Message


def _where(call: Call) -> dict[str, Any]:
    where = call.body.get("where") if isinstance(call.body, dict) else None
    return where if isinstance(where, dict) else {}


async def messages(call: Call) -> web.Response:
    """Newest first; `offset` is the size of a page."""
    body = call.body if isinstance(call.body, dict) else {}
    found = sorted(_matching(call.instance, _where(call)), key=lambda m: (m.timestamp, m.seq), reverse=True)
    size, page = int(body.get("offset") or 50), int(body.get("page") or 1)
    records = [_record(call.instance, message) for message in found[(page - 1) * size : page * size]]
    pages = math.ceil(len(found) / size)
    return answer({"messages": {"total": len(found), "pages": pages, "currentPage": page, "records": records}})


def _matching(instance: Instance, where: dict[str, Any]) -> Iterable[Message]:
    key = where.get("key") or {}
    found: Iterable[Message] = instance.messages()
    if jid := key.get("remoteJid"):
        found = [m for m in found if jid in (m.key["remoteJid"], m.key.get("remoteJidAlt"))]
    if key_id := key.get("id"):
        one = instance.live.by_id.get(key_id)
        found = [m for m in found if m is one] if jid else ([one] if one else [])
    if key.get("fromMe"):  # the gateway ignores a false here
        found = [m for m in found if m.from_me]
    span = where.get("messageTimestamp") or {}
    if span.get("gte") and span.get("lte"):  # it needs both
        first, last = _unix(span["gte"]), _unix(span["lte"])
        found = [m for m in found if first <= m.timestamp <= last]
    for name, field in (("messageType", "message_type"), ("source", "source"), ("id", "db_id")):
        if where.get(name):
            found = [m for m in found if getattr(m, field) == where[name]]
    return found


def _unix(value: Any) -> int:
    """As JavaScript's new Date() reads it: ISO text, or a number of milliseconds."""
    if isinstance(value, int | float):
        return math.floor(value / 1000)
    try:
        stamp = datetime.fromisoformat(str(value))
    except ValueError:
        return -1
    return math.floor((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp())


def _record(instance: Instance, message: Message) -> dict[str, Any]:
    return {
        "id": message.db_id,
        "key": message.key,
        "pushName": message.push_name,
        "messageType": message.message_type,
        "message": message.message,
        "messageTimestamp": message.timestamp,
        "instanceId": instance.id,
        "source": message.source,
        "contextInfo": message.context_info,
        "MessageUpdate": [{"status": status} for status in message.updates],
    }


async def statuses(call: Call) -> web.Response:
    """In order of arrival."""
    where = _where(call)
    message = call.instance.live.by_id.get(str(where.get("id", "")))
    if message is None or where.get("remoteJid") not in (None, message.key["remoteJid"], message.chat):
        return answer([])
    row = {
        "keyId": message.key_id,
        "remoteJid": message.key["remoteJid"],
        "fromMe": message.from_me,
        "participant": message.key.get("participant"),
        "messageId": message.db_id,
        "instanceId": call.instance.id,
    }
    return answer([{"id": ids.database_id(), **row, "status": status} for status in message.updates])


async def contacts(call: Call) -> web.Response:
    jid = _where(call).get("remoteJid")
    found = call.instance.contacts.values()
    return answer([_contact(call.instance, c) for c in found if jid in (None, c.jid)])


def _contact(instance: Instance, contact: Contact) -> dict[str, Any]:
    group = numbers.is_group(contact.jid)
    return {
        "id": contact.db_id,
        "remoteJid": contact.jid,
        "pushName": contact.push_name,
        "profilePicUrl": contact.profile_pic,
        "createdAt": ids.iso(contact.created_at),
        "updatedAt": ids.iso(contact.updated_at),
        "instanceId": instance.id,
        "isGroup": group,
        "isSaved": bool(contact.push_name),
        "type": "group" if group else "contact",
    }


async def chats(call: Call) -> web.Response:
    instance = call.instance
    rows = [_chat(instance, jid, said[-1]) for jid, said in instance.live.chats.items()]
    return answer(sorted(rows, key=lambda row: row["lastMessage"]["messageTimestamp"], reverse=True))


def _chat(instance: Instance, jid: str, last: Message) -> dict[str, Any]:
    contact = instance.contacts[jid]
    return {
        "id": contact.db_id,
        "remoteJid": jid,
        "pushName": contact.push_name,
        "profilePicUrl": contact.profile_pic,
        "updatedAt": ids.iso(last.at),
        "windowStart": None,
        "windowExpires": None,
        "windowActive": False,
        "lastMessage": _record(instance, last),
        "unreadCount": contact.unread,
        "isSaved": bool(contact.push_name),
    }
