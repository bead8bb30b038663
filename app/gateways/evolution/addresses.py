"""WhatsApp addresses: `…@s.whatsapp.net` holds a phone, `…@lid` is opaque, `…@g.us` a group."""

from typing import Any

_PHONE_HOSTS = ("s.whatsapp.net", "c.us")
_NO_PERSON = ("status@broadcast", "@newsletter", "@broadcast")


def clean_jid(value: Any) -> str | None:
    """Without the device suffix: `5511…:12@s.whatsapp.net` is the same person."""
    if not isinstance(value, str) or "@" not in value:
        return None
    if ":" not in value:
        return value
    user, _, host = value.partition("@")
    return f"{user.partition(':')[0]}@{host}"


def phone_of(jid: str | None) -> str | None:
    if not jid:
        return None
    user, _, host = jid.partition("@")
    if host in _PHONE_HOSTS and user.isascii() and user.isdecimal() and len(user) <= 15:
        return f"+{user}"
    return None


def is_group(jid: str) -> bool:
    return jid.endswith("@g.us")


def is_noise(jid: str) -> bool:
    return jid.endswith(_NO_PERSON)


def first_phone(*values: Any) -> str | None:
    for value in values:
        if value and (phone := phone_of(clean_jid(value))):
            return phone
    return None


def first_lid(*values: Any) -> str | None:
    for value in values:
        jid = clean_jid(value)
        if jid and jid.endswith("@lid"):
            return jid
    return None
