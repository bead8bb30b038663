"""One message object of Evolution as events and as an echo."""

from typing import Any

from app.gateways.events import (
    Ad,
    Content,
    Event,
    Ignored,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OwnMessageSent,
    Unparsed,
)
from app.gateways.evolution.addresses import clean_jid, first_lid, first_phone, is_group, is_noise
from app.gateways.evolution.content import content_of, context_of, text_of, unwrap
from app.gateways.evolution.records import echo_of
from app.gateways.evolution.values import as_dict, as_text, as_time, text_or_none


def message_event(channel: str, data: dict, own: str, is_history: bool = False) -> Event:
    """`own` is our number's jid, which some versions put where the sender's should be."""
    key = as_dict(data.get("key"))
    jid = clean_jid(key.get("remoteJid"))
    external_id = as_text(key.get("id"))
    if not jid or not external_id:
        return Unparsed(channel, "message without key")
    if is_noise(jid):
        return Ignored(channel, "broadcast")
    message = unwrap(data.get("message"))
    if notice := _notice(channel, message, key, jid):
        return notice
    content = content_of(message)
    if content is None:
        return _silent(channel, data, message)
    return _received(channel, data, key, jid, message, content, own, is_history)


def _silent(channel: str, data: dict, message: dict) -> Event:
    if message or data.get("messageStubType"):
        return Ignored(channel, "protocol")
    return Unparsed(channel, "message without content")


def _received(
    channel: str, data: dict, key: dict, jid: str, message: dict, content: Content, own: str, is_history: bool
) -> MessageReceived | Unparsed:
    from_me = key.get("fromMe") is True
    group = is_group(jid)
    phone, lid = _author(key, from_me) if group else _person(key, from_me, own)
    if not (group or phone or lid):
        return Unparsed(channel, "message from an address of a new kind")
    context = as_dict(data.get("contextInfo")) or context_of(message)
    return MessageReceived(
        channel=channel,
        external_id=as_text(key.get("id")),
        jid=jid,
        phone=phone,
        lid=lid,
        push_name=None if from_me else text_or_none(data.get("pushName")),
        from_me=from_me,
        source=as_text(data.get("source")) or "unknown",
        is_group=group,
        content=content,
        quoted_id=text_or_none(context.get("stanzaId")),
        at=as_time(data.get("messageTimestamp")),
        is_history=is_history,
        is_forwarded=context.get("isForwarded") is True,
        ad=_ad(context),
        raw=_without_bytes(data),
    )


def _person(key: dict, from_me: bool, own: str) -> tuple[str | None, str | None]:
    jid, alt, sender = key.get("remoteJid"), key.get("remoteJidAlt"), key.get("senderPn")
    if from_me or clean_jid(sender) == own:
        sender = None
    phone = first_phone(jid, alt, sender)
    return phone, first_lid(jid, alt, key.get("previousRemoteJid"), key.get("senderLid"))


def _author(key: dict, from_me: bool) -> tuple[str | None, str | None]:
    if from_me:
        return None, None
    author, alt, pn = key.get("participant"), key.get("participantAlt"), key.get("participantPn")
    return first_phone(author, alt, pn), first_lid(author, alt, key.get("participantLid"))


def _ad(context: dict) -> Ad | None:
    reply = context.get("externalAdReply")
    if not isinstance(reply, dict) or not (reply.get("sourceId") or reply.get("sourceUrl")):
        return None
    return Ad(
        text_or_none(reply.get("sourceId")),
        text_or_none(reply.get("sourceUrl")),
        text_or_none(reply.get("title")),
        text_or_none(reply.get("ctwaClid")),
    )


def _without_bytes(data: dict) -> dict:
    message = data.get("message")
    if isinstance(message, dict) and "base64" in message:
        return {**data, "message": {key: value for key, value in message.items() if key != "base64"}}
    return data


def _notice(channel: str, message: dict, key: dict, jid: str) -> Event | None:
    """An edit or a deletion that comes dressed as a message."""
    inner = as_dict(message.get("editedMessage"))
    if inner:
        message = unwrap(inner.get("message"))
    protocol = as_dict(message.get("protocolMessage"))
    target = as_text(as_dict(protocol.get("key")).get("id"))
    from_me = key.get("fromMe") is True
    if protocol.get("type") in ("REVOKE", 0) and target:
        return MessageDeleted(channel, target, jid, from_me)
    if protocol.get("type") in ("MESSAGE_EDIT", 14) and target:
        text = text_of(protocol.get("editedMessage"))
        return MessageEdited(channel, target, jid, from_me, text, as_time(protocol.get("timestampMs")))
    return None


def edited_text(message: Any) -> str | None:
    """The new text inside the message that an edit shows, at whatever depth; None: it is no edit."""
    inner = as_dict(message)
    if "editedMessage" not in inner and "protocolMessage" not in inner:
        return None
    for _ in range(6):
        step = next((name for name in ("editedMessage", "protocolMessage", "message") if name in inner), None)
        if step is None:
            return text_of(inner)
        inner = as_dict(inner[step])
    return None


def own_message(channel: str, data: dict) -> Event:
    echo = echo_of(data)
    if echo is None:
        return Unparsed(channel, "send.message without key")
    content = content_of(unwrap(data.get("message"))) or Content("unsupported")
    status = as_text(data.get("status"))
    return OwnMessageSent(channel, echo.external_id, echo.jid, content, echo.at, echo.source, status)
