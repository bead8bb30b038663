"""What customers do with their phones, and what the owner types on the business phone."""

import asyncio
import base64
import io
import struct
from typing import Any

from PIL import Image, ImageDraw

from simulator import content, ids, media, messages, numbers, receipts
from simulator.messages import Content
from simulator.state import OPEN, Instance, Message
from simulator.world import World

AS = ("pn", "lid", "lid_alt", "lid_sender_pn", "lid_only")
_FILES = ("image", "video", "audio", "document", "sticker", "ptv")


class BadMessage(ValueError):
    """The control call asks for something impossible."""


def say(world: World, instance: Instance, jid: str, text: str) -> Message:
    """A customer writes a line in an existing conversation."""
    return receive(world, instance, {"from": jid, "text": text})


def receive(world: World, instance: Instance, body: dict[str, Any]) -> Message:
    """A customer's message as described by the control call (see the README for its fields)."""
    sender = _sender(instance, body)
    what = _content(world, instance, body)
    key, chat = _key(instance, sender, body)
    message = _message(world, instance, body, what, key, chat, from_me=False)
    contact, _ = world.contact(instance, chat)
    if not numbers.is_group(chat):
        contact.addressing = _addressing(body) or contact.addressing
    name = body.get("name") or contact.push_name or _invented_name(sender)
    message.push_name = name
    messages.arrive(world, instance, message, name=name, copies=int(body.get("copies", 1)))
    return message


def type_on_phone(world: World, instance: Instance, body: dict[str, Any]) -> Message:
    """The owner writes to a customer on the business phone itself: a fromMe upsert."""
    if not body.get("to"):
        raise BadMessage("`to` is required")
    chat = instance.chat_of(str(body["to"]))
    key = {
        "remoteJid": chat,
        "fromMe": True,
        "id": body.get("id") or ids.outgoing_id(),
        "addressingMode": "pn",
    }
    message = _message(world, instance, body, _content(world, instance, body), key, chat, from_me=True)
    message.push_name = instance.profile_name
    receipts.plan_typed(world, instance, message)
    messages.arrive(world, instance, message, name=None, copies=int(body.get("copies", 1)))
    receipts.start(world, instance, message)
    return message


def show_typing(world: World, instance: Instance, jid: str, presence: str) -> None:
    """WhatsApp tells it only of people whom the number subscribed to."""
    if jid not in instance.live.watched:
        return
    address = instance.wire_jid(jid)
    data = {"id": address, "presences": {address: {"lastKnownPresence": presence}}}
    world.webhooks.emit(instance, "presence.update", data)


def maybe_reply(world: World, instance: Instance, message: Message) -> None:
    """Some people answer, if auto-reply is on."""
    habits = world.habits(instance)
    if not message.received or numbers.is_group(message.chat) or world.rng.random() >= habits.reply_probability:
        return
    text = world.rng.choice(habits.reply_texts or ["Ok"])
    asyncio.get_running_loop().call_later(world.between(habits.reply), _reply, world, instance, message.chat, text)


def _reply(world: World, instance: Instance, jid: str, text: str) -> None:
    if world.instances.get(instance.name) is instance and instance.state == OPEN:
        say(world, instance, jid, text)


def _sender(instance: Instance, body: dict[str, Any]) -> str:
    if not body.get("from"):
        raise BadMessage("`from` is required")
    if body.get("as", "pn") not in AS:
        raise BadMessage(f"`as` must be one of {', '.join(AS)}")
    return instance.chat_of(str(body["from"]))


def _addressing(body: dict[str, Any]) -> str | None:
    return {"pn": "pn", "lid_only": "lid_only", None: None}.get(body.get("as"), "lid")


def _key(instance: Instance, sender: str, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The key as the gateway's versions spell it, and the conversation it belongs to."""
    key: dict[str, Any] = {"remoteJid": sender, "fromMe": False, "id": body.get("id") or ids.incoming_id()}
    lid = numbers.lid_of(sender) if sender.endswith(numbers.PERSON) else sender
    if body.get("group"):
        group = numbers.address(str(body["group"]))
        group = group if numbers.is_group(group) else numbers.user_part(group) + numbers.GROUP
        people = {"participant": lid, "participantAlt": sender, "addressingMode": "lid"}
        if body.get("as") == "lid_only":
            del people["participantAlt"]
        return {**key, "remoteJid": group, **people}, group
    style = body.get("as") or _usual_style(instance, sender)
    if style == "lid_only":
        return {**key, "remoteJid": lid, "addressingMode": "lid"}, lid
    if style == "pn":
        jid = numbers.without_ninth(sender) if body.get("missing_ninth") else sender
        jid = numbers.with_ninth(sender) if body.get("with_ninth") else jid
        return {**key, "remoteJid": jid, "addressingMode": "pn"}, sender
    return {**key, **_lid_fields(style, sender, lid)}, sender


def _usual_style(instance: Instance, sender: str) -> str:
    contact = instance.contacts.get(sender)
    if sender.endswith(numbers.LID):
        return "lid_only"
    return contact.addressing if contact else "pn"


def _lid_fields(style: str, phone: str, lid: str) -> dict[str, Any]:
    if style == "lid":  # 2.3.7: already replaced by the phone address
        return {"remoteJid": phone, "remoteJidAlt": phone, "addressingMode": "lid"}
    if style == "lid_alt":  # 2.3.5 and 2.3.6
        return {"remoteJid": lid, "remoteJidAlt": phone, "addressingMode": "lid"}
    return {"remoteJid": lid, "senderPn": phone}  # 2.2.x and 2.3.0


def _message(
    world: World,
    instance: Instance,
    body: dict[str, Any],
    what: Content,
    key: dict[str, Any],
    chat: str,
    *,
    from_me: bool,
) -> Message:
    moment = ids.now() - float(body.get("seconds_ago", 0))
    return Message(
        seq=world.next_seq(),
        db_id=ids.database_id(),
        key=key,
        chat=chat,
        message_type=body.get("message_type") or what.message_type,
        message=body.get("message") or _wrapped(what.message, body),
        timestamp=int(body.get("timestamp") or moment),
        at=moment,
        origin="phone" if from_me else "customer",
        source=body.get("source") or ("android" if from_me else "ios"),
        text=what.text,
        status="SERVER_ACK" if from_me else "DELIVERY_ACK",
        context_info=_context(instance, body),
        media=what.media,
        file_name=what.file_name,
        received=True,
    )


def _wrapped(message: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Wrappers that the gateway does not take off."""
    if body.get("ephemeral"):
        inner = {"extendedTextMessage": {"text": message["conversation"]}} if "conversation" in message else message
        return {"ephemeralMessage": {"message": inner}}
    if body.get("view_once"):
        return {"viewOnceMessageV2": {"message": message}}
    return message


def _context(instance: Instance, body: dict[str, Any]) -> dict[str, Any] | None:
    quoted = instance.live.by_id.get(str(body.get("quote", "")))
    context: dict[str, Any] = dict(body.get("context_info") or {})
    if quoted:
        author = instance.owner_jid if quoted.from_me else quoted.key["remoteJid"]
        context |= {"stanzaId": quoted.key_id, "participant": author, "quotedMessage": quoted.message}
    return context or None


def _content(world: World, instance: Instance, body: dict[str, Any]) -> Content:
    kind = body.get("kind", "text")
    if kind == "text":
        return content.text(str(body.get("text", "")))
    if kind == "voice":
        return content.voice(world, _bytes(body, "voice"))
    if kind in _FILES:
        names = {
            "caption": body.get("caption"),
            "file_name": body.get("file_name"),
            "mimetype": body.get("mimetype"),
        }
        return content.file(world, kind, _bytes(body, kind), **names)
    if kind == "location":
        spot = (float(body.get("latitude", -23.5505)), float(body.get("longitude", -46.6333)))
        return content.location(*spot, body.get("place", "Praça da Sé"), body.get("address", "São Paulo - SP"))
    if kind == "contact":
        card = {"fullName": "João Lima", "phoneNumber": "+55 11 95555-4444"}
        return content.contacts(body.get("contacts") or [card])
    if kind == "reaction":
        return content.reaction(_target(instance, body), str(body.get("text", "❤️")))
    if kind == "raw" and isinstance(body.get("message"), dict):
        return Content(str(body.get("message_type") or next(iter(body["message"]))), body["message"])
    raise BadMessage(f"unknown kind {kind!r}")


def _target(instance: Instance, body: dict[str, Any]) -> dict[str, Any]:
    target = instance.live.by_id.get(str(body.get("target")))
    if target is None:
        raise BadMessage("`target` must be the id of a message of this number")
    return {name: target.key[name] for name in ("remoteJid", "fromMe", "id")}


def _bytes(body: dict[str, Any], kind: str) -> bytes:
    if isinstance(body.get("bytes"), bytes):
        return body["bytes"]
    if not body.get("base64"):
        return sample(kind)
    found = media.decode(body["base64"])
    if found is None:
        raise BadMessage("`base64` is not plain base64")
    return found


def sample(kind: str) -> bytes:
    """A small real file of a kind, for whoever does not bring one."""
    if kind in ("image", "sticker"):
        out = io.BytesIO()
        image = Image.new("RGB", (320, 240), (18, 140, 126))
        ImageDraw.Draw(image).ellipse((100, 60, 220, 180), fill=(255, 214, 90))
        image.save(out, "WEBP" if kind == "sticker" else "JPEG")
        return out.getvalue()
    if kind in ("audio", "voice"):
        return _tone()
    if kind == "document":
        return base64.b64decode(_PDF)
    return b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def _tone() -> bytes:
    """One second of a soft square wave as WAV (there is no encoder here)."""
    samples = bytes(136 if (i // 18) % 2 else 120 for i in range(8000))
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt "
    return head + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data" + struct.pack("<I", 8000) + samples


_PDF = (
    "JVBERi0xLjEKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9UeXBlL1BhZ2VzL0tpZHNbMyAw"
    "IFJdL0NvdW50IDE+PmVuZG9iagozIDAgb2JqPDwvVHlwZS9QYWdlL1BhcmVudCAyIDAgUi9NZWRpYUJveFswIDAgMjAwIDIwMF0+PmVuZG9i"
    "agp0cmFpbGVyPDwvUm9vdCAxIDAgUj4+CiUlRU9GCg=="
)
_FIRST = (
    "Maria",
    "João",
    "Ana",
    "Pedro",
    "Juliana",
    "Carlos",
    "Fernanda",
    "Rafael",
    "Camila",
    "Lucas",
    "Patrícia",
    "Bruno",
)
_LAST = ("Souza", "Silva", "Oliveira", "Santos", "Lima", "Pereira", "Costa", "Almeida", "Ribeiro", "Carvalho")


def _invented_name(jid: str) -> str:
    seed = sum(map(ord, numbers.user_part(jid))) + int(numbers.digits(jid)[-5:] or 0)
    return f"{_FIRST[seed % len(_FIRST)]} {_LAST[seed // 7 % len(_LAST)]}"
