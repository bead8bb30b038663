"""Every /message/send* call (section 6)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator import content, inbound, media, messages, numbers, presences, receipts
from simulator.api.frame import Call, answer, hang, reset
from simulator.api.schemas import check_send
from simulator.errors import CLOSED, NO_SOCKET, Refusal, bad_request
from simulator.messages import Content
from simulator.state import BAILEYS, EVOLUTION, OPEN, Message


async def _text(call: Call) -> Content:
    if not call.body["text"].strip() and call.instance.integration == BAILEYS:
        raise bad_request("Text is required")
    return content.text(call.body["text"])


async def _media(call: Call) -> Content:
    body, kind = call.body, call.body["mediatype"]
    given = _given(call, "media")
    if kind == "document" and not body.get("fileName") and isinstance(given, str) and media.decode(given) is not None:
        raise bad_request("For base64 the file name must be informed.")
    found = await media.load(call.world, given)
    names = {name: body.get(key) for name, key in (("caption", "caption"), ("mimetype", "mimetype"))}
    name = body.get("fileName") or _name_of(call, given)
    if kind == "image":
        found = await media.as_jpeg(found)
    return content.file(call.world, kind, found, file_name=name, **names)


def _name_of(call: Call, given: Any) -> str | None:
    """Without a name, that of the uploaded part or of the address."""
    if "file" in call.files:
        return call.files["file"][0]
    if isinstance(given, str) and media.is_url(given):
        return given.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or None
    return None


def _given(call: Call, name: str) -> Any:
    if "file" in call.files:
        return call.files["file"][1]
    return call.body.get(name)


async def _voice(call: Call) -> Content:
    if call.instance.integration == EVOLUTION and "file" not in call.files:
        raise Refusal(500, "Cannot read properties of undefined (reading 'buffer')")
    found = await media.load(call.world, _given(call, "audio"))
    if call.body.get("encoding", True) is not False and not media.is_audio(found):
        found = b""  # ffmpeg makes nothing of garbage, and the gateway sends that nothing
    return content.voice(call.world, found)


async def _ptv(call: Call) -> Content:
    return content.file(call.world, "ptv", await media.load(call.world, _given(call, "video")))


async def _sticker(call: Call) -> Content:
    return content.file(call.world, "sticker", await media.load(call.world, _given(call, "sticker")))


async def _location(call: Call) -> Content:
    body = call.body
    return content.location(body["latitude"], body["longitude"], body["name"], body["address"])


async def _contact(call: Call) -> Content:
    return content.contacts(call.body["contact"])


async def _reaction(call: Call) -> Content:
    if len(call.body["reaction"]) > 12:
        raise bad_request('"reaction" must be an emoji')
    return content.reaction(call.body["key"], call.body["reaction"])


async def _poll(call: Call) -> Content:
    return content.poll(call.body["name"], call.body["values"], call.body["selectableCount"])


async def _buttons(call: Call) -> Content:
    kinds = [button.get("type") for button in call.body.get("buttons") or []]
    if not kinds:
        raise bad_request("At least one button is required")
    if kinds.count("reply") > 3:
        raise bad_request("Maximum of 3 reply buttons allowed")
    if "reply" in kinds and set(kinds) != {"reply"}:
        raise bad_request("Reply buttons cannot be mixed with other types")
    return content.buttons(call.body)


async def _list(call: Call) -> Content:
    return content.options(call.body)


async def _template(call: Call) -> Content:
    if call.instance.integration == BAILEYS:
        raise bad_request("Method not available in the Baileys service")
    return content.text(f"[{call.body['name']}]")


Builder = Callable[[Call], Awaitable[Content]]
KINDS: dict[str, Builder] = {
    "sendText": _text,
    "sendMedia": _media,
    "sendWhatsAppAudio": _voice,
    "sendPtv": _ptv,
    "sendSticker": _sticker,
    "sendLocation": _location,
    "sendContact": _contact,
    "sendReaction": _reaction,
    "sendPoll": _poll,
    "sendButtons": _buttons,
    "sendList": _list,
    "sendTemplate": _template,
}


def sender(kind: str) -> Callable[[Call], Awaitable[web.StreamResponse]]:
    async def send(call: Call) -> web.StreamResponse:
        check_send(kind, call.body)
        said = await KINDS[kind](call)
        number = call.body["key"]["remoteJid"] if kind == "sendReaction" else call.body["number"]
        return await _dispatch(call, number, said)

    return send


async def _dispatch(call: Call, number: str, said: Content) -> web.StreamResponse:
    jid = numbers.address(number)
    chat = call.instance.chat_of(jid)
    _reachable(call, jid, number)
    await _show_typing(call, chat, "recording" if said.message_type == "audioMessage" else "composing")
    _may_leave(call)
    said.context_info = _quoted(call)
    message = _leave(call, jid, number, said)
    if call.world.faults.take("double_send", call.instance.name, area="send"):
        _leave(call, jid, number, said)
    before = receipts.early(call.world, call.instance, message)
    if before:
        await asyncio.wait(before, timeout=3)
    return await _answer(call, message)


def _reachable(call: Call, jid: str, number: str) -> None:
    """The gateway asks WhatsApp about the number first; groups and broadcasts are not asked about."""
    instance, take = call.instance, call.world.faults.take
    if instance.integration != BAILEYS:
        return
    if not instance.live.socket or take("onwhatsapp", instance.name, area="send"):
        raise Refusal(500, NO_SOCKET)
    if not jid.endswith((numbers.PERSON, numbers.LID)):
        return
    chat = instance.chat_of(jid)
    if chat not in instance.live.known:
        if instance.state != OPEN:
            raise Refusal(500, CLOSED)
        if jid.endswith(numbers.PERSON) and not call.world.on_whatsapp(jid):
            raise bad_request({"jid": jid, "exists": False, "number": number})
    instance.live.known.add(chat)


async def _show_typing(call: Call, chat: str, presence: str) -> None:
    """`delay` holds the answer: the customer sees "typing" meanwhile."""
    delay = call.body.get("delay") or 0
    if delay > 0:
        await presences.show(call.world, call.instance, chat, presence, delay)


def _may_leave(call: Call) -> None:
    """Refusals that prove that nothing left, and the one that proves nothing."""
    instance, take = call.instance, call.world.faults.take
    if take("connection_closed", instance.name, area="send") or instance.state != OPEN:
        raise bad_request(f"Error: {CLOSED}")
    if take("rate_overlimit", instance.name, area="send"):
        raise bad_request("Error: rate-overlimit")
    if take("timed_out", instance.name, area="send"):
        raise bad_request("Error: Timed Out")


def _quoted(call: Call) -> dict[str, Any] | None:
    """An unknown id is silently sent unquoted."""
    quoted = call.body.get("quoted") or {}
    key = quoted.get("key") or {}
    known = call.instance.live.by_id.get(str(key.get("id", "")))
    said = known.message if known else quoted.get("message")
    mentioned = [numbers.address(item) for item in call.body.get("mentioned") or []]
    if not said or not key.get("id"):
        return {"mentionedJid": mentioned, "groupMentions": []} if mentioned else None
    from_me = known.from_me if known else key.get("fromMe", False)
    author = call.instance.owner_jid if from_me else (known.chat if known else key.get("remoteJid"))
    return {"mentionedJid": mentioned, "stanzaId": key["id"], "participant": author, "quotedMessage": said}


def _leave(call: Call, jid: str, number: str, said: Content) -> Message:
    world, instance = call.world, call.instance
    shown = number if instance.integration == EVOLUTION else jid
    message = messages.send(world, instance, number=number, jid=instance.chat_of(jid), key_jid=shown, content=said)
    receipts.start(world, instance, message)
    inbound.maybe_reply(world, instance, message)
    world.webhooks.emit(instance, "send.message", messages.wire(world, instance, message))
    return message


async def _answer(call: Call, message: Message) -> web.StreamResponse:
    """The answer, or one of the ways to lose it although the message left."""
    take, name = call.world.faults.take, call.instance.name
    if take("accept_reset", name, area="send"):
        _outcome(call, message, "reset")
        await reset(call.request)
    if rule := take("accept_hang", name, area="send"):
        _outcome(call, message, "hang")
        await hang(call.request, rule)
    if take("accept_empty", name, area="send"):
        _outcome(call, message, "empty")
        return web.Response(status=201)
    if rule := take("accept_error", name, area="send"):
        _outcome(call, message, "error")
        raise bad_request(f"Error: {rule.params['text']}")
    if rule := take("accept_status", name, area="send"):
        _outcome(call, message, str(rule.params["status"]))
        raise Refusal(int(rule.params["status"]), body={"message": "upstream request timeout"})
    _outcome(call, message, "201")
    body = messages.wire(call.world, call.instance, message)
    body["message"] = message.message
    return answer({**body, "status": "PENDING"}, 201)


def _outcome(call: Call, message: Message, outcome: str) -> None:
    message.outcome = outcome
    call.world.save_message(call.instance, message, soon=True)
