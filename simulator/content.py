"""What a message says, in the words of section 8.4; used in both directions."""

import mimetypes
import secrets
from typing import Any

from simulator import media, numbers
from simulator.messages import Content
from simulator.world import World

_NODE = {
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "document": "documentMessage",
    "sticker": "stickerMessage",
    "ptv": "ptvMessage",
}
_MIME = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "document": "application/octet-stream",
    "sticker": "image/webp",
    "ptv": "video/mp4",
}
VOICE_MIME = "audio/ogg; codecs=opus"


def text(body: str) -> Content:
    return Content("conversation", {"conversation": body}, body)


def file(
    world: World,
    kind: str,
    content: bytes,
    *,
    caption: str | None = None,
    file_name: str | None = None,
    mimetype: str | None = None,
) -> Content:
    """image, video, audio (music), document, sticker or ptv."""
    mime = guess(kind, file_name, mimetype)
    node: dict[str, Any] = {**_carried(content), "mimetype": mime}
    if caption:
        node["caption"] = caption
    if kind in ("image", "sticker"):
        node.update(media.dimensions(content))
    if kind == "sticker":
        node["isAnimated"] = False
    if kind == "document":
        node.update(fileName=file_name or "arquivo", title=file_name or "arquivo")
    if kind in ("audio", "video", "ptv"):
        node["seconds"] = media.ogg_seconds(content)
    name = _NODE[kind]
    return Content(name, {name: node}, caption or "", media.keep(world, content), file_name)


def guess(kind: str, file_name: str | None, mimetype: str | None) -> str:
    """The extension of a given file name wins over the type the caller claims (section 6)."""
    by_name = mimetypes.guess_type(file_name)[0] if file_name else None
    return by_name or mimetype or _MIME[kind]


def voice(world: World, content: bytes) -> Content:
    node = {**_carried(content), "mimetype": VOICE_MIME, "seconds": media.ogg_seconds(content), "ptt": True}
    node["waveform"] = media.byte_object(bytes(secrets.randbelow(100) for _ in range(64)))
    return Content("audioMessage", {"audioMessage": node}, "", media.keep(world, content))


def _carried(content: bytes) -> dict[str, Any]:
    path = f"/v/{secrets.token_hex(8)}.enc"
    return {
        "url": f"https://mmg.whatsapp.net{path}",
        "fileLength": media.long_number(len(content)),
        "mediaKey": media.byte_object(secrets.token_bytes(32)),
        "directPath": path,
    }


def location(latitude: float, longitude: float, name: str, address: str) -> Content:
    node = {"degreesLatitude": latitude, "degreesLongitude": longitude, "name": name, "address": address}
    return Content("locationMessage", {"locationMessage": node}, name or address)


def contacts(people: list[dict[str, Any]]) -> Content:
    cards = [{"displayName": person["fullName"], "vcard": _vcard(person)} for person in people]
    names = ", ".join(card["displayName"] for card in cards)
    if len(cards) == 1:
        return Content("contactMessage", {"contactMessage": cards[0]}, names)
    node = {"displayName": f"{len(cards)} contacts", "contacts": cards}
    return Content("contactsArrayMessage", {"contactsArrayMessage": node}, names)


def _vcard(person: dict[str, Any]) -> str:
    waid = person.get("wuid") or numbers.user_part(numbers.address(person["phoneNumber"]))
    extra = [
        f"{label}:{person[name]}\n"
        for name, label in (("organization", "ORG"), ("email", "EMAIL"), ("url", "URL"))
        if person.get(name)
    ]
    phone = f"item1.TEL;waid={waid}:{person['phoneNumber']}\nitem1.X-ABLabel:Celular\n"
    name = person["fullName"]
    return f"BEGIN:VCARD\nVERSION:3.0\nN:{name}\nFN:{name}\n{''.join(extra)}{phone}END:VCARD"


def reaction(key: dict[str, Any], emoji: str) -> Content:
    return Content("reactionMessage", {"reactionMessage": {"key": key, "text": emoji}}, emoji)


def poll(name: str, values: list[str], count: int) -> Content:
    options = [{"optionName": value} for value in values]
    node = {"name": name, "options": options, "selectableOptionsCount": count}
    return Content("pollCreationMessageV3", {"pollCreationMessageV3": node}, name)


def buttons(body: dict[str, Any]) -> Content:
    title = body.get("title") or ""
    words = "\n\n".join(filter(None, (title and f"*{title}*", body.get("description"))))
    flow = {"buttons": body.get("buttons") or [], "messageParamsJson": "{}"}
    node = {"body": {"text": words}, "footer": {"text": body.get("footer") or ""}, "nativeFlowMessage": flow}
    message = {"viewOnceMessage": {"message": {"interactiveMessage": node}}}
    return Content("viewOnceMessage", message, words)


def options(body: dict[str, Any]) -> Content:
    node = {name: body.get(name) for name in ("title", "description", "buttonText", "footerText", "sections")}
    return Content("listMessage", {"listMessage": {**node, "listType": 1}}, body["title"])
