"""Evolution's answers as the port's objects (contract sections 3 and 7)."""

import base64
import binascii
from typing import Any

from app.gateways.events import Content, ReceiptStatus
from app.gateways.evolution.addresses import clean_jid, phone_of
from app.gateways.evolution.content import content_of, unwrap
from app.gateways.evolution.values import as_dict, as_int, as_text, as_time, text_or_none
from app.gateways.port import Created, Echo, File, Link, LinkState, NumberCheck, Profile, Qr, Sent, Server

STATES: tuple[LinkState, ...] = ("open", "connecting", "close")


def sent_of(body: Any) -> Sent | None:
    """None: the answer names no message, so what it did is unknown."""
    body = as_dict(body)
    key = as_dict(body.get("key"))
    external_id = as_text(key.get("id"))
    if not external_id:
        return None
    return Sent(
        external_id,
        clean_jid(key.get("remoteJid")),
        as_text(body.get("status")),
        as_time(body.get("messageTimestamp")),
    )


def created_of(body: Any, name: str) -> Created:
    body = as_dict(body)
    instance = as_dict(body.get("instance"))
    found = as_text(instance.get("instanceName")) or name
    return Created(found, as_text(instance.get("instanceId")), as_text(body.get("hash")))


def link_of(body: Any) -> Link:
    """The connect answer: a QR, or the state where there is nothing to scan."""
    body = as_dict(body)
    if "instance" in body:
        return Link(state_of(body))
    code, image = as_text(body.get("code")), as_text(body.get("base64"))
    qr = Qr(code, image) if code or image else None
    return Link("connecting", qr, text_or_none(body.get("pairingCode")))


def state_of(body: Any) -> LinkState:
    """The key can be missing while the gateway has the number in its database only."""
    return _state(as_dict(as_dict(body).get("instance")).get("state"))


def _state(value: Any) -> LinkState:
    return next((known for known in STATES if known == value), "unknown")


def profile_of(row: Any) -> Profile | None:
    row = as_dict(row)
    name = as_text(row.get("name"))
    if not name:
        return None
    return Profile(
        name=name,
        state=_state(row.get("connectionStatus")),
        provider_id=as_text(row.get("id")),
        phone=phone_of(clean_jid(row.get("ownerJid"))),
        profile_name=text_or_none(row.get("profileName")),
        token=as_text(row.get("token")),
        reason=as_int(row.get("disconnectionReasonCode")),
    )


def echo_of(record: Any) -> Echo | None:
    record = as_dict(record)
    key = as_dict(record.get("key"))
    external_id, jid = as_text(key.get("id")), text_or_none(key.get("remoteJid"))
    if not external_id or not jid:
        return None
    content = content_of(unwrap(record.get("message"))) or Content("unsupported")
    return Echo(
        external_id=external_id,
        jid=clean_jid(jid) or jid,
        from_me=key.get("fromMe") is True,
        type=content.type,
        text=content.text,
        file_name=content.media.file_name if content.media else None,
        caption=content.text if content.media else None,
        at=as_time(record.get("messageTimestamp")),
        source=as_text(record.get("source")) or "unknown",
        status=_best_status(record),
    )


# Worst known first. PENDING proves nothing and has no word.
STATUS_WORDS: dict[str, ReceiptStatus] = {
    "ERROR": "failed",
    "FAILED": "failed",
    "SERVER_ACK": "sent",
    "SENT": "sent",
    "DELIVERY_ACK": "delivered",
    "DELIVERED": "delivered",
    "READ": "read",
    "PLAYED": "played",
    "DELETED": "deleted",
}
_RANK: dict[str, int] = {word: rank for rank, word in enumerate(STATUS_WORDS.values())}


def _best_status(record: dict) -> ReceiptStatus | None:
    updates = record.get("MessageUpdate")
    found = [as_dict(update).get("status") for update in updates] if isinstance(updates, list) else []
    texts = (as_text(raw) for raw in (*found, record.get("status")))
    known = [STATUS_WORDS[text] for text in texts if text in STATUS_WORDS]
    return max(known, key=_RANK.__getitem__, default=None)


def check_of(row: Any, asked: dict[str, str]) -> NumberCheck | None:
    """Matched by the number echoed, never by position: the gateway reorders them."""
    row = as_dict(row)
    number = asked.get(as_text(row.get("number")))
    if number is None:
        return None
    exists = row.get("exists") is True
    jid = clean_jid(row.get("jid")) if exists else None
    return NumberCheck(number, exists, jid, clean_jid(row.get("lid")), text_or_none(row.get("name")))


def file_of(body: Any) -> File | None:
    body = as_dict(body)
    try:
        data = base64.b64decode(as_text(body.get("base64")), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data:
        return None
    return File(data, as_text(body.get("mimetype")), text_or_none(body.get("fileName")))


def server_of(body: Any) -> Server:
    version = as_text(as_dict(body).get("version"))
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    number = (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)
    return Server(version, is_supported=(2, 3) <= number < (2, 4), needs_license=number >= (2, 4))
