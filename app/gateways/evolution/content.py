"""What a WhatsApp message says (contract 8.4): wrappers off, every type in our words."""

import re
from collections.abc import Callable
from typing import Any

import orjson

from app.gateways.events import Attachment, Content, Location, MessageType, Reaction, SharedContact
from app.gateways.evolution.values import as_dict, as_float, as_int, as_text, text_or_none

_WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "viewOnceMessage",
    "documentWithCaptionMessage",
    "deviceSentMessage",
    "groupMentionedMessage",
    "botInvokeMessage",
    "associatedChildMessage",
    "lottieStickerMessage",
)
_MAX_DEPTH = 10
MOST_OPTIONS = 20
_TEL = re.compile(r"^(?:item\d+\.)?TEL([^:\r\n]*):([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_WAID = re.compile(r"waid=(\d{7,15})")


def unwrap(message: Any) -> dict:
    """The innermost message; media fields that the gateway adds beside a wrapper are kept."""
    inner = as_dict(message)
    for _ in range(_MAX_DEPTH):
        wrapper = next((name for name in _WRAPPERS if name in inner), None)
        deeper = as_dict(as_dict(inner.get(wrapper)).get("message")) if wrapper else None
        if not deeper:
            return inner
        extras = {key: inner[key] for key in ("base64", "mediaUrl") if key in inner}
        inner = {**extras, **deeper}
    return inner


def content_of(message: dict) -> Content | None:
    """`message` is already unwrapped. None: nothing a person would call a message."""
    for name, value in message.items():
        reader = _READERS.get(name)
        if reader:
            return reader(value, message)
    unknown = [value for name, value in message.items() if name not in _SILENT]
    return Content("unsupported", next(filter(None, map(_words, unknown)), "")) if unknown else None


def _words(value: Any) -> str:
    """Whatever a kind that we don't show says in words: an order's note, an event's name, a group's invitation."""
    body = as_dict(value)
    said = (text_or_none(body.get(name)) for name in ("message", "text", "caption", "name", "title", "description"))
    return next(filter(None, said), "")


def context_of(message: dict) -> dict:
    for value in message.values():
        if isinstance(value, dict) and isinstance(value.get("contextInfo"), dict):
            return value["contextInfo"]
    return {}


def text_of(message: Any) -> str:
    content = content_of(unwrap(message))
    return content.text if content else ""


def _plain(value: Any, message: dict) -> Content:
    return Content("text", as_text(value))


def _rich(value: Any, message: dict) -> Content:
    return Content("text", as_text(as_dict(value).get("text")))


def _media(kind: MessageType, default_mime: str) -> Callable[[Any, dict], Content]:
    def read(value: Any, message: dict) -> Content:
        body = as_dict(value)
        media = _attachment(body, message, default_mime)
        return Content(kind, as_text(body.get("caption")), media=media)

    return read


def _audio(value: Any, message: dict) -> Content:
    body = as_dict(value)
    media = _attachment(body, message, "audio/ogg")
    kind: MessageType = "voice" if body.get("ptt") is True else "audio"
    return Content(kind, as_text(message.get("speechToText")), media=media)


def _attachment(body: dict, message: dict, default_mime: str) -> Attachment:
    return Attachment(
        mime_type=as_text(body.get("mimetype")) or default_mime,
        file_name=text_or_none(body.get("fileName")) or text_or_none(body.get("title")),
        size=as_int(body.get("fileLength")),
        seconds=as_int(body.get("seconds")),
        base64=text_or_none(message.get("base64")),
        url=text_or_none(message.get("mediaUrl")),
        is_animated=body.get("isAnimated") is True or body.get("gifPlayback") is True,
    )


def _place(is_live: bool) -> Callable[[Any, dict], Content]:
    def read(value: Any, message: dict) -> Content:
        body = as_dict(value)
        latitude, longitude = as_float(body.get("degreesLatitude")), as_float(body.get("degreesLongitude"))
        name, address = text_or_none(body.get("name")), text_or_none(body.get("address"))
        if latitude is None or longitude is None:
            return Content("location", name or address or "")
        place = Location(latitude, longitude, name, address, is_live)
        return Content("location", name or address or as_text(body.get("caption")), location=place)

    return read


def _one_contact(value: Any, message: dict) -> Content:
    contact = _shared(value)
    return Content("contact", contact.name, contacts=(contact,))


def _contacts(value: Any, message: dict) -> Content:
    body = as_dict(value)
    found = body.get("contacts")
    contacts = tuple(_shared(item) for item in found) if isinstance(found, list) else ()
    names = ", ".join(contact.name for contact in contacts)
    return Content("contact", names or as_text(body.get("displayName")), contacts=contacts)


def _shared(value: Any) -> SharedContact:
    body = as_dict(value)
    vcard = text_or_none(body.get("vcard"))
    phones = (_vcard_phone(match) for match in _TEL.finditer(vcard or ""))
    return SharedContact(as_text(body.get("displayName")), tuple(p for p in phones if p), vcard)


def _vcard_phone(match: re.Match[str]) -> str:
    waid = _WAID.search(match[1])
    return f"+{waid[1]}" if waid else match[2].strip()


def _reaction(value: Any, message: dict) -> Content:
    body = as_dict(value)
    key = as_dict(body.get("key"))
    emoji = as_text(body.get("text"))
    reaction = Reaction(as_text(key.get("id")), emoji, key.get("fromMe") is True)
    return Content("reaction", emoji, reaction=reaction)


def _button(value: Any, message: dict) -> Content:
    body = as_dict(value)
    choice = body.get("selectedButtonId") or body.get("selectedId")
    return Content("button", as_text(body.get("selectedDisplayText")), choice_id=text_or_none(choice))


def _list_choice(value: Any, message: dict) -> Content:
    body = as_dict(value)
    row = as_dict(body.get("singleSelectReply")).get("selectedRowId")
    return Content("button", as_text(body.get("title")), choice_id=text_or_none(row))


def _interactive(value: Any, message: dict) -> Content:
    body = as_dict(value)
    params = as_text(as_dict(body.get("nativeFlowResponseMessage")).get("paramsJson"))
    try:
        choice = as_dict(orjson.loads(params)).get("id")
    except orjson.JSONDecodeError:
        choice = None
    return Content("button", as_text(as_dict(body.get("body")).get("text")), choice_id=text_or_none(choice))


def _poll(value: Any, message: dict) -> Content:
    body = as_dict(value)
    options = body.get("options")
    names = [as_text(as_dict(one).get("optionName")) for one in options] if isinstance(options, list) else []
    return Content("poll", as_text(body.get("name")), options=tuple(name for name in names if name)[:MOST_OPTIONS])


def _vote(value: Any, message: dict) -> Content:
    options = as_dict(as_dict(value).get("vote")).get("selectedOptions")
    chosen = [item for item in options if isinstance(item, str)] if isinstance(options, list) else []
    return Content("poll", ", ".join(chosen))


_READERS: dict[str, Callable[[Any, dict], Content]] = {
    "conversation": _plain,
    "extendedTextMessage": _rich,
    "imageMessage": _media("image", "image/jpeg"),
    "videoMessage": _media("video", "video/mp4"),
    "ptvMessage": _media("video", "video/mp4"),
    "audioMessage": _audio,
    "documentMessage": _media("document", "application/octet-stream"),
    "stickerMessage": _media("sticker", "image/webp"),
    "locationMessage": _place(is_live=False),
    "liveLocationMessage": _place(is_live=True),
    "contactMessage": _one_contact,
    "contactsArrayMessage": _contacts,
    "reactionMessage": _reaction,
    "buttonsResponseMessage": _button,
    "templateButtonReplyMessage": _button,
    "listResponseMessage": _list_choice,
    "interactiveResponseMessage": _interactive,
    "pollCreationMessage": _poll,
    "pollCreationMessageV2": _poll,
    "pollCreationMessageV3": _poll,
    "pollUpdateMessage": _vote,
}

# Plumbing that travels beside a message or alone, and that nobody wrote.
_SILENT = {
    "messageContextInfo",
    "senderKeyDistributionMessage",
    "fastRatchetKeySenderKeyDistributionMessage",
    "protocolMessage",
    "deviceSentMessage",
    "albumMessage",  # its pictures come one by one
    "base64",
    "mediaUrl",
    "speechToText",
}
