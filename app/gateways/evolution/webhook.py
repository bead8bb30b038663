"""Evolution's webhooks as events (contract section 8). Nothing here raises."""

import json
import re
from collections.abc import Callable
from typing import Any, Literal

import orjson

from app.gateways.events import (
    ConnectionChanged,
    ContactSeen,
    Event,
    Ignored,
    InstanceGone,
    MessageDeleted,
    MessageEdited,
    QrChanged,
    ReceiptChanged,
    TypingSeen,
    Unparsed,
)
from app.gateways.evolution.addresses import clean_jid, first_lid, first_phone, is_group, is_noise, phone_of
from app.gateways.evolution.messages import edited_text, message_event, own_message
from app.gateways.evolution.records import STATUS_WORDS
from app.gateways.evolution.values import as_dict, as_int, as_text, as_time, text_or_none

# PostgreSQL stores no NUL, neither in text nor in jsonb.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def parse_webhook(raw: bytes) -> list[Event]:
    body = _load(raw)
    if not isinstance(body, dict):
        return [Unparsed("", "not a JSON object")]
    name = body.get("event")
    channel = as_text(body.get("instance"))
    if not isinstance(name, str):
        return [Unparsed(channel, "no event name")]
    reader = _READERS.get(name) or _READERS.get(name.lower().replace("_", "."))
    if reader is None:
        return [Ignored(channel, f"event:{name[:60]}")]
    data = body.get("data")
    if isinstance(data, list):
        return [reader(channel, as_dict(item), body) for item in data] or [Ignored(channel, "empty")]
    return [reader(channel, as_dict(data), body)]


def _load(raw: bytes) -> Any:
    try:
        if b"\\u0000" in raw:
            raw = _NUL.sub(rb"\1", raw)
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _load_leniently(raw)


def _load_leniently(raw: bytes) -> Any:
    """JavaScript cuts emoji in half and writes the lone surrogate, which strict readers refuse."""
    try:
        body = json.loads(raw.decode("utf-8", "replace"))
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        return orjson.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _upsert(channel: str, data: dict, body: dict) -> Event:
    return message_event(channel, data, as_text(body.get("sender")))


def _history(channel: str, data: dict, body: dict) -> Event:
    return message_event(channel, data, as_text(body.get("sender")), is_history=True)


def _sent(channel: str, data: dict, body: dict) -> Event:
    return own_message(channel, data)


def _update(channel: str, data: dict, body: dict) -> Event:
    """Old gateways put the id at key.id or id; `messageId` is the gateway's own database id."""
    key = as_dict(data.get("key"))
    external_id = as_text(data.get("keyId") or key.get("id") or data.get("id"))
    jid = clean_jid(data.get("remoteJid")) or clean_jid(key.get("remoteJid"))
    if not external_id:
        return Unparsed(channel, "messages.update without keyId")
    if jid and is_noise(jid):
        return Ignored(channel, "broadcast")
    from_me = (data["fromMe"] if "fromMe" in data else key.get("fromMe")) is True
    message = data.get("message")
    if message and (text := edited_text(message)) is not None:
        return MessageEdited(channel, external_id, jid, from_me, text)
    status = as_dict(data.get("update")).get("status") or data.get("status")
    if message and status == "SERVER_ACK":
        return Ignored(channel, "update with message")
    word = STATUS_WORDS.get(status) if isinstance(status, str) else None
    if word is None:
        return Ignored(channel, f"status:{str(status)[:40]}")
    return ReceiptChanged(channel, external_id, word, from_me, jid)


def _delete(channel: str, data: dict, body: dict) -> Event:
    """Deleted through the API, `id` is the gateway's database id and `key.id` WhatsApp's."""
    key = as_dict(data.get("key"))
    external_id = text_or_none(key.get("id")) or text_or_none(data.get("id"))
    if external_id is None:
        return Unparsed(channel, "messages.delete without id")
    jid = clean_jid(key.get("remoteJid")) or clean_jid(data.get("remoteJid"))
    return MessageDeleted(channel, external_id, jid, (key.get("fromMe") or data.get("fromMe")) is True)


def _edited(channel: str, data: dict, body: dict) -> Event:
    key = as_dict(data.get("key"))
    external_id, jid = text_or_none(key.get("id")), clean_jid(key.get("remoteJid"))
    from_me = key.get("fromMe") is True
    kind = data.get("type")
    if external_id and kind in ("MESSAGE_EDIT", 14):
        text = edited_text({"editedMessage": data.get("editedMessage")}) or ""
        return MessageEdited(channel, external_id, jid, from_me, text, as_time(data.get("timestampMs")))
    if external_id and kind in ("REVOKE", 0):
        return MessageDeleted(channel, external_id, jid, from_me)
    return Ignored(channel, "protocol")


def _qr(channel: str, data: dict, body: dict) -> Event:
    qr = as_dict(data.get("qrcode"))
    code, image = as_text(qr.get("code")), as_text(qr.get("base64"))
    if code or image:
        return QrChanged(channel, code, image, text_or_none(qr.get("pairingCode")))
    if as_int(data.get("statusCode")) is not None:
        return QrChanged(channel, exhausted=True)
    return Ignored(channel, "qr without code")


def _connection(channel: str, data: dict, body: dict) -> Event:
    state = data.get("state")
    if state not in ("open", "connecting", "close", "refused"):
        return Ignored(channel, f"state:{str(state)[:40]}")
    jid = clean_jid(data.get("wuid"))
    return ConnectionChanged(
        channel,
        state,
        as_int(data.get("statusReason")),
        phone_of(jid),
        jid,
        text_or_none(data.get("profileName")),
        text_or_none(data.get("profilePictureUrl")),
    )


def _status_instance(channel: str, data: dict, body: dict) -> Event:
    if data.get("status") in ("closed", "close"):
        return ConnectionChanged(channel, "close", as_int(data.get("disconnectionReasonCode")))
    return Ignored(channel, "status.instance")


def _logout(channel: str, data: dict, body: dict) -> Event:
    return ConnectionChanged(channel, "close")


def _gone(channel: str, data: dict, body: dict) -> Event:
    return InstanceGone(channel)


def _contact(channel: str, data: dict, body: dict) -> Event:
    jid, alt = clean_jid(data.get("remoteJid")) or clean_jid(data.get("id")), data.get("remoteJidAlt")
    if jid is None or is_noise(jid):
        return Ignored(channel, "contact without address")
    return ContactSeen(
        channel,
        jid,
        first_phone(jid, alt),
        first_lid(jid, alt, data.get("lid")),
        text_or_none(data.get("pushName")),
        text_or_none(data.get("profilePicUrl")),
    )


_DOING: dict[Any, Literal["typing", "recording"]] = {"composing": "typing", "recording": "recording"}


def _presence(channel: str, data: dict, body: dict) -> Event:
    """Groups and being online tell nothing that is shown."""
    jid = clean_jid(data.get("id"))
    if jid is None or is_noise(jid) or is_group(jid):
        return Ignored(channel, "presence of nobody")
    told = as_dict(next(iter(as_dict(data.get("presences")).values()), None))
    state = told.get("lastKnownPresence")
    return TypingSeen(channel, jid, _DOING.get(state, "") if isinstance(state, str) else "")


_READERS: dict[str, Callable[[str, dict, dict], Event]] = {
    "messages.update": _update,
    "messages.upsert": _upsert,
    "send.message": _sent,
    "messages.set": _history,
    "messages.delete": _delete,
    "messages.edited": _edited,
    "send.message.update": _edited,
    "qrcode.updated": _qr,
    "connection.update": _connection,
    "status.instance": _status_instance,
    "logout.instance": _logout,
    "remove.instance": _gone,
    "instance.delete": _gone,
    "contacts.upsert": _contact,
    "contacts.update": _contact,
    "presence.update": _presence,
}
