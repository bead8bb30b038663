"""Our outgoing message as one of Evolution's send calls (contract section 6)."""

import base64
from typing import Any

from app.gateways.errors import SendError
from app.gateways.port import Card, Media, Outgoing, Recipient, Target

Body = dict[str, Any]
VOICE_NOTE = "audio/ogg; codecs=opus"


def request_for(outgoing: Outgoing) -> tuple[str, Body]:
    """The route's last word and the JSON body."""
    try:
        route, build = _BUILDERS[outgoing.kind]
    except KeyError:
        raise _refused(f"{outgoing.kind} is not available on this provider", "not_supported") from None
    body = build(outgoing)
    if outgoing.kind == "reaction":
        return route, body
    body["number"] = address_of(outgoing.to)
    if outgoing.delay_ms > 0:
        body["delay"] = int(outgoing.delay_ms)
    if outgoing.quoted:
        body["quoted"] = _quoted(outgoing.quoted)
    return route, body


def address_of(to: Recipient) -> str:
    if to.jid:
        return to.jid
    digits = "".join(filter(str.isdecimal, to.phone or ""))
    # 18 digits and more are taken for a group.
    if 7 <= len(digits) <= 15:
        return digits
    if to.lid:
        return to.lid if "@" in to.lid else f"{to.lid}@lid"
    raise _refused("no usable phone, jid or lid")


def _quoted(target: Target) -> Body:
    body: Body = {"key": _key(target)}
    if target.text:
        body["message"] = {"conversation": target.text}
    return body


def _key(target: Target) -> Body:
    return {"id": target.external_id, "remoteJid": target.jid, "fromMe": target.from_me}


def _text(outgoing: Outgoing) -> Body:
    if not outgoing.text.strip():
        raise _refused("Text is required")
    return {"text": outgoing.text, "linkPreview": outgoing.link_preview}


def _media(outgoing: Outgoing) -> Body:
    media = _need_media(outgoing)
    body: Body = {"mediatype": outgoing.kind, "media": _source(media)}
    if outgoing.text:
        body["caption"] = outgoing.text
    if media.mime_type:
        body["mimetype"] = media.mime_type
    # The gateway derives the type from the name's extension and lets it override mimetype,
    # so a name is given only where the recipient sees it.
    if outgoing.kind == "document":
        body["fileName"] = media.file_name or "document"
    return body


def _voice(outgoing: Outgoing) -> Body:
    """One that is encoded as WhatsApp's own goes as it is: the gateway's encoder would undo what iPhones want."""
    media = _need_media(outgoing)
    return {"audio": _source(media), "encoding": media.mime_type != VOICE_NOTE}


def _sticker(outgoing: Outgoing) -> Body:
    return {"sticker": _source(_need_media(outgoing))}


def _location(outgoing: Outgoing) -> Body:
    place = outgoing.place
    if place is None:
        raise _refused("a location needs its place")
    # All four are required, blank or not.
    name = place.name or place.address or f"{place.latitude}, {place.longitude}"
    return {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "name": name,
        "address": place.address or name,
    }


def _contact(outgoing: Outgoing) -> Body:
    if not outgoing.cards:
        raise _refused("a contact message needs its cards")
    return {"contact": [_card(card) for card in outgoing.cards]}


def _card(card: Card) -> Body:
    digits = "".join(filter(str.isdecimal, card.phone))
    body = {"fullName": card.name, "phoneNumber": f"+{digits}", "wuid": digits}
    if card.organization:
        body["organization"] = card.organization
    if card.email:
        body["email"] = card.email
    return body


def _reaction(outgoing: Outgoing) -> Body:
    if outgoing.target is None:
        raise _refused("a reaction needs its target")
    return {"key": _key(outgoing.target), "reaction": outgoing.text}


_BUILDERS = {
    "text": ("sendText", _text),
    "image": ("sendMedia", _media),
    "video": ("sendMedia", _media),
    "audio": ("sendMedia", _media),
    "document": ("sendMedia", _media),
    "voice": ("sendWhatsAppAudio", _voice),
    "sticker": ("sendSticker", _sticker),
    "location": ("sendLocation", _location),
    "contact": ("sendContact", _contact),
    "reaction": ("sendReaction", _reaction),
}


def _need_media(outgoing: Outgoing) -> Media:
    media = outgoing.media
    if media is None or not (media.data or media.url):
        raise _refused(f"{outgoing.kind} needs its file")
    return media


def _source(media: Media) -> str:
    """Plain base64: the gateway refuses the data: prefix."""
    if media.data:
        return base64.b64encode(media.data).decode("ascii")
    return media.url or ""


def _refused(detail: str, code: str = "invalid_request") -> SendError:
    return SendError(code, detail, proof="unsent", scope="message", permanent=True)
