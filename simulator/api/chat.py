"""Chat verbs: numbers, presence, reading, editing, deleting (section 7)."""

import base64
from typing import Any

from aiohttp import web

from simulator import connection, ids, media, messages, numbers, presences, receipts
from simulator.api.frame import Call, answer, needs_baileys, needs_socket
from simulator.api.schemas import PRESENCES, check, complaints
from simulator.errors import Refusal, bad_request, closed_boom
from simulator.state import OPEN, Message


async def whatsapp_numbers(call: Call) -> web.Response:
    """Its errors come raw, with 400 and no `response` (section 2)."""
    found = complaints(call.body, ("numbers",))
    asked = call.body.get("numbers") if not found else []
    if not found and (len(set(map(str, asked))) != len(asked) or not all(isinstance(item, str) for item in asked)):
        found = ['"numbers" must be an array of unique numeric strings']
    if found:
        raise Refusal(400, body={"status": 400, "error": "Bad Request", "message": [found]})
    needs_baileys(call.instance)
    if not call.instance.live.socket or call.world.faults.take("onwhatsapp", call.instance.name, area="chat"):
        raise Refusal(400, body={})
    if call.instance.state != OPEN:
        raise Refusal(400, body=closed_boom())
    rows = [_exists(call, number) for number in asked]
    return answer(sorted(rows, key=lambda row: not numbers.is_group(row["jid"])))


def _exists(call: Call, number: str) -> dict[str, Any]:
    jid = numbers.address(number)
    if not jid.endswith(numbers.PERSON):
        return {"jid": jid, "exists": True, "number": number}
    exists = call.world.on_whatsapp(jid)
    row: dict[str, Any] = {"jid": jid, "exists": exists, "number": number}
    if exists:
        call.instance.live.known.add(jid)
        contact = call.instance.contacts.get(jid)
        row |= {"name": contact.push_name if contact else None, "lid": numbers.lid_of(jid)}
    return row


async def mark_read(call: Call) -> web.Response:
    wrong = isinstance(call.body, dict) and not isinstance(call.body.get("readMessages", []), list)
    check(call.body, "readMessages", more=["readMessages is not of a type(s) array"] if wrong else [])
    needs_baileys(call.instance)
    needs_socket(call)
    for key in call.body["readMessages"]:
        if not str(key.get("remoteJid", "")).endswith(numbers.LID):
            _mark_one(call, str(key.get("id")))
    return answer({"message": "Read messages", "read": "success"}, 201)


def _mark_one(call: Call, key_id: str) -> None:
    message = call.instance.live.by_id.get(key_id)
    if message is None or message.from_me:
        return
    contact, _ = call.world.contact(call.instance, message.chat)
    contact.unread = 0
    call.world.save_contact(call.instance, contact)
    if message.status != "READ":
        receipts.apply(call.world, call.instance, message, "READ")


async def send_presence(call: Call) -> web.Response:
    presence = call.body.get("presence") if isinstance(call.body, dict) else None
    wrong = [f"presence is not one of enum values: {','.join(PRESENCES)}"] if presence not in (None, *PRESENCES) else []
    check(call.body, "number", "presence", "delay", more=wrong)
    needs_baileys(call.instance)
    needs_socket(call)
    chat = call.instance.chat_of(numbers.address(call.body["number"]))
    await presences.show(call.world, call.instance, chat, call.body["presence"], call.body["delay"])
    return answer({"presence": call.body["presence"]}, 201)


async def picture(call: Call) -> web.Response:
    check(call.body, "number")
    needs_baileys(call.instance)
    jid = numbers.address(call.body["number"])
    # One person in seven keeps the picture private.
    private = int(numbers.digits(jid)[-4:] or 0) % 7 == 0
    url = None if private or not call.world.on_whatsapp(jid) else connection.picture_url(call.world, jid)
    return answer({"wuid": jid, "profilePictureUrl": url})


async def media_base64(call: Call) -> web.Response:
    check(call.body, "message")
    key = (call.body["message"] or {}).get("key") or {}
    message = call.instance.live.by_id.get(str(key.get("id", "")))
    if message is None:
        raise bad_request("Message not found")
    stored = call.world.store.media(message.media) if message.media else None
    if stored is None:
        raise bad_request("The message is not of the media type")
    node = message.message.get(message.message_type) or {}
    mime = node.get("mimetype", "application/octet-stream")
    body = {
        "mediaType": message.message_type,
        "fileName": node.get("fileName") or f"{message.key_id}.{_extension(mime)}",
        "caption": node.get("caption"),
        "size": {
            "fileLength": media.long_number(len(stored)),
            "height": node.get("height"),
            "width": node.get("width"),
        },
        "mimetype": mime,
        "base64": base64.b64encode(stored).decode(),
        "buffer": None,
    }
    return answer(body, 201)


def _extension(mime: str) -> str:
    known = {"audio/ogg; codecs=opus": "oga", "image/jpeg": "jpeg", "audio/mpeg": "mp3"}
    return known.get(mime) or mime.split(";")[0].split("/")[-1]


async def update(call: Call) -> web.Response:
    check(call.body, "number", "text", "key")
    needs_baileys(call.instance)
    needs_socket(call)
    message = _own(call, call.body["key"].get("id"))
    messages.edit(call.world, call.instance, message, call.body["text"])
    return answer({**messages.wire(call.world, call.instance, message), "messageType": "editedMessage"}, 201)


async def delete(call: Call) -> web.Response:
    check(call.body, "id", "remoteJid", "fromMe")
    needs_baileys(call.instance)
    needs_socket(call)
    message = _own(call, call.body["id"])
    message.deleted = True
    call.world.save_message(call.instance, message)
    call.world.hub.tell(call.instance.name, message.chat)
    gone = {"id": message.db_id, "key": message.key, "status": "DELETED", "messageType": message.message_type}
    call.world.webhooks.emit(call.instance, "messages.delete", {**gone, "instanceId": call.instance.id})
    protocol = {"key": message.key, "type": "REVOKE"}
    return answer(
        {
            "key": {**message.key, "id": ids.outgoing_id()},
            "message": {"protocolMessage": protocol},
            "messageTimestamp": str(int(ids.now())),
            "status": "PENDING",
        },
        201,
    )


def _own(call: Call, key_id: Any) -> Message:
    message = call.instance.live.by_id.get(str(key_id))
    if message is None:
        raise bad_request("Message not found")
    if not message.from_me:
        raise bad_request("You can only edit or delete your own messages")
    return message


async def block(call: Call) -> web.Response:
    check(call.body, "number", "status")
    needs_baileys(call.instance)
    needs_socket(call)
    return answer({"block": "success"}, 201)
