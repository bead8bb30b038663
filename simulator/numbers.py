"""How WhatsApp writes addresses: JIDs, the Brazilian ninth digit, opaque @lid ids."""

import hashlib
import random
import re

PERSON = "@s.whatsapp.net"
GROUP = "@g.us"
LID = "@lid"
_ADDRESS = re.compile(r"@(s\.whatsapp\.net|g\.us|lid|broadcast|newsletter)$")
_BR_WITH_NINE = re.compile(r"^55(\d{2})9(\d{8})$")
_BR_WITHOUT_NINE = re.compile(r"^55(\d{2})([6-9]\d{7})$")
_AREA_CODES = (11, 19, 21, 27, 31, 41, 47, 48, 51, 61, 62, 71, 81, 85)


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def user_part(jid: str) -> str:
    return jid.split("@")[0].split(":")[0]


def is_group(jid: str) -> bool:
    return jid.endswith(GROUP)


def canonical(number: str) -> str:
    """The digits under which the person is registered on WhatsApp."""
    if match := _BR_WITH_NINE.match(number):
        return _brazilian(int(match[1]), match[1], match[2], number)
    if match := _BR_WITHOUT_NINE.match(number):
        return _brazilian(int(match[1]), match[1], match[2], number)
    if number[:2] in ("52", "54") and len(number) == 13:
        return number[:2] + number[3:]
    return number


def _brazilian(area: int, prefix: str, subscriber: str, given: str) -> str:
    if area < 31:
        return f"55{prefix}9{subscriber}"
    if subscriber[0] >= "7":
        return f"55{prefix}{subscriber}"
    return given


def address(number: str) -> str:
    """JID for what a caller wrote: digits, a full JID, or a group id (18 digits or more)."""
    text = number.strip()
    if _ADDRESS.search(text):
        return canonical(user_part(text)) + PERSON if text.endswith(PERSON) else text
    if "-" in text and len(text) >= 24:
        return re.sub(r"[^\d-]", "", text) + GROUP
    plain = digits(text.split("@")[0].split(":")[0])
    return plain + GROUP if len(plain) >= 18 else canonical(plain) + PERSON


def without_ninth(jid: str) -> str:
    match = _BR_WITH_NINE.match(user_part(jid))
    return f"55{match[1]}{match[2]}{PERSON}" if match else jid


def with_ninth(jid: str) -> str:
    match = _BR_WITHOUT_NINE.match(user_part(jid))
    return f"55{match[1]}9{match[2]}{PERSON}" if match else jid


def lid_of(jid: str) -> str:
    """The opaque id of a person; always the same for the same phone."""
    seed = hashlib.sha256(canonical(user_part(jid)).encode()).hexdigest()
    return str(10**14 + int(seed[:12], 16) % (9 * 10**14)) + LID


def plausible_number(name: str) -> str:
    """An invented Brazilian mobile for a new instance, always the same for the same name."""
    rng = random.Random(f"number:{name}")
    return f"55{rng.choice(_AREA_CODES)}9{rng.randint(8100, 9899)}{rng.randint(1000, 9998)}"


def pretty(jid: str) -> str:
    """For the eyes of the person at the simulator page."""
    user = user_part(jid)
    if jid.endswith(LID):
        return "número oculto"
    match = re.match(r"^55(\d{2})(\d{4,5})(\d{4})$", user)
    return f"+55 ({match[1]}) {match[2]}-{match[3]}" if match else f"+{user}"
