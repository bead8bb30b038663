"""The gateway's validation: every complaint of a body in one list inside a list (section 2)."""

import re
from typing import Any

from simulator.errors import bad_request

# property -> (JavaScript type, the gateway's own wording or None)
_KNOWN: dict[str, tuple[str, str | None]] = {
    "number": ("string", "Invalid format"),
    "delay": ("integer", "Enter a value in milliseconds"),
    "linkPreview": ("boolean", None),
    "mentionsEveryOne": ("boolean", None),
    "mentioned": ("array", None),
    "quoted": ("object", None),
    "text": ("string", None),
    "media": ("string", None),
    "mimetype": ("string", None),
    "fileName": ("string", None),
    "caption": ("string", None),
    "mediatype": ("string", None),
    "audio": ("string", None),
    "video": ("string", None),
    "sticker": ("string", None),
    "encoding": ("boolean", None),
    "latitude": ("number", None),
    "longitude": ("number", None),
    "name": ("string", None),
    "address": ("string", None),
    "contact": ("array", None),
    "key": ("object", None),
    "reaction": ("string", None),
    "selectableCount": ("integer", None),
    "values": ("array", None),
    "title": ("string", None),
    "footerText": ("string", None),
    "buttonText": ("string", None),
    "sections": ("array", None),
    "buttons": ("array", None),
    "presence": ("string", None),
    "numbers": ("array", None),
    "status": ("string", None),
    "webhook": ("object", None),
}
REQUIRED = {
    "sendText": ("number", "text"),
    "sendMedia": ("number", "mediatype"),
    "sendWhatsAppAudio": ("number",),
    "sendPtv": ("number",),
    "sendSticker": ("number",),
    "sendLocation": ("number", "latitude", "longitude", "name", "address"),
    "sendContact": ("number", "contact"),
    "sendReaction": ("key", "reaction"),
    "sendPoll": ("number", "name", "selectableCount", "values"),
    "sendButtons": ("number",),
    "sendList": ("number", "title", "footerText", "buttonText", "sections"),
    "sendTemplate": ("name", "language"),
}
PRESENCES = ("unavailable", "available", "composing", "recording", "paused")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def complaints(body: Any, required: tuple[str, ...]) -> list[str]:
    if not isinstance(body, dict):
        return ["instance is not of a type(s) object"]
    found = [_mistyped(name, value) for name, value in body.items()]
    missing = [f'instance requires property "{name}"' for name in required if name not in body]
    return [text for text in found if text] + missing


def _mistyped(name: str, value: Any) -> str | None:
    if name not in _KNOWN:
        return None
    kind, wording = _KNOWN[name]
    right = isinstance(value, _TYPES[kind]) and not (isinstance(value, bool) and kind in ("integer", "number"))
    return None if right else wording or f"{name} is not of a type(s) {kind}"


def check(body: Any, *required: str, more: list[str] | None = None) -> None:
    """Refuse a body with everything that is wrong with it."""
    found = complaints(body, required) + (more or [])
    if found:
        raise bad_request(found)


def check_send(kind: str, body: Any) -> None:
    found = complaints(body, REQUIRED[kind])
    if not found:
        found = _RULES.get(kind, _nothing)(body) + _common(body)
    if found:
        raise bad_request(found)


def _nothing(_: dict[str, Any]) -> list[str]:
    return []


def _common(body: dict[str, Any]) -> list[str]:
    found = []
    key = (body.get("quoted") or {}).get("key")
    if isinstance(key, dict) and "id" not in key:
        found.append('quoted.key requires property "id"')
    mentioned = body.get("mentioned") or []
    if any(not isinstance(item, str) or not re.match(r"^\d+", item) for item in mentioned):
        found.append('"mentioned" must be an array of numeric strings')
    return found


def _media(body: dict[str, Any]) -> list[str]:
    kinds = ("image", "document", "video", "audio")
    return [] if body["mediatype"] in kinds else [f"mediatype is not one of enum values: {','.join(kinds)}"]


def _contact(body: dict[str, Any]) -> list[str]:
    people, found = body["contact"], []
    if not people:
        found.append("contact does not meet minimum length of 1")
    for index, person in enumerate(people):
        found += _person(f"contact[{index}]", person)
    return found


def _person(place: str, person: Any) -> list[str]:
    if not isinstance(person, dict):
        return [f"{place} is not of a type(s) object"]
    found = [f'{place} requires property "{name}"' for name in ("fullName", "phoneNumber") if name not in person]
    if person.get("fullName") == "":
        found.append('The "fullName" cannot be empty')
    if len(str(person.get("phoneNumber", "0" * 10))) < 10:
        found.append(f"{place}.phoneNumber does not meet minimum length of 10")
    wuid = person.get("wuid")
    if wuid is not None and not (isinstance(wuid, str) and len(wuid) >= 10 and re.search(r"\d+", wuid)):
        found.append('"wuid" must be a numeric string')
    return found


def _reaction(body: dict[str, Any]) -> list[str]:
    return [f'key requires property "{name}"' for name in ("id", "remoteJid", "fromMe") if name not in body["key"]]


def _poll(body: dict[str, Any]) -> list[str]:
    values, found = body["values"], []
    if not 0 <= body["selectableCount"] <= 10:
        found.append("selectableCount must be between 0 and 10")
    if len(values) < 2:
        found.append("values does not meet minimum length of 2")
    if len(values) > 10:
        found.append("values does not meet maximum length of 10")
    if len(set(map(str, values))) != len(values):
        found.append("values contains duplicate item")
    return found


def _list(body: dict[str, Any]) -> list[str]:
    return [] if body["sections"] else ["sections does not meet minimum length of 1"]


_RULES = {
    "sendMedia": _media,
    "sendContact": _contact,
    "sendReaction": _reaction,
    "sendPoll": _poll,
    "sendList": _list,
}
