"""What each variable says for one contact. `queries.rendering` says the same in SQL; a property test compares them."""

import re
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from app.templates.rules import Part, Variable, fill, key_of, parse

# What `str.strip()` and `str.split()` take for space.
SPACES = "".join(
    chr(code)
    for code in (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
                 0x202F, 0x205F, 0x3000)
)  # fmt: skip
BUILT_IN = {
    "nome": "name",
    "name": "name",
    "primeiro_nome": "first_name",
    "telefone": "phone",
    "phone": "phone",
    "email": "email",
}
MAX_VARIATIONS = 5
_BRAZILIAN = re.compile(r"\+55([0-9]{2})([0-9]{4,5})([0-9]{4})")


class Person(Protocol):
    @property
    def id(self) -> uuid.UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def custom_fields(self) -> dict[str, object]: ...


def values_of(contact: Person) -> dict[str, str]:
    """Texts by key; blank ones are left out, so that defaults apply."""
    found: dict[str, str] = {}
    for name in sorted(contact.custom_fields, key=spelling_order):
        text = as_text(contact.custom_fields[name]).strip()
        if text and key_of(name) not in BUILT_IN:
            found[key_of(name)] = text
    own = {
        "name": (contact.name or "").strip(),
        "first_name": ((contact.name or "").split() or [""])[0],
        "phone": phone_text(contact.phone),
        "email": (contact.email or "").strip(),
    }
    return found | {key: own[field] for key, field in BUILT_IN.items() if own[field]}


def spelling_order(name: str) -> tuple[int, bytes]:
    """Where two spellings of one field are both filled, the last in this order speaks."""
    return len(name.encode()), name.encode()


def as_text(value: object) -> str:
    """As PostgreSQL's `->>` writes a JSON scalar; lists and objects say nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return str(value)
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else ""


def phone_text(e164: str | None) -> str:
    """Brazilian numbers as people write them, others in international form."""
    plain = (e164 or "").strip()
    found = _BRAZILIAN.fullmatch(plain)
    return "({}) {}-{}".format(*found.groups()) if found else plain


def variation_of(contact_id: uuid.UUID, count: int) -> int:
    """Always the same one for a person, evenly spread over people: ids end in chance."""
    return int(contact_id.hex[-7:], 16) % count


def texts_of(message: str, variations: Sequence[str]) -> list[str]:
    """The message and its other wordings, blank ones left out; one empty text for media without a caption."""
    return [text for text in (message, *variations) if text.strip()] or [""]


def compiled(message: str, variations: Sequence[str]) -> list[list[Part]]:
    return [parse(text) for text in texts_of(message, variations)]


def render_for(contact: Person, wordings: Sequence[Sequence[Part]]) -> str:
    return fill(wordings[variation_of(contact.id, len(wordings))], values_of(contact))


def variable_keys(wordings: Sequence[Sequence[Part]]) -> dict[str, str]:
    """key → name as written, of every variable of every wording."""
    found: dict[str, str] = {}
    for parts in wordings:
        for part in parts:
            if isinstance(part, Variable):
                found.setdefault(part.key, part.name)
    return found


def unknown_variables(wordings: Sequence[Sequence[Part]], known: Mapping[str, object] | set[str]) -> list[str]:
    """Names that neither every contact nor any custom field has: most often a typing error."""
    return [name for key, name in variable_keys(wordings).items() if key not in BUILT_IN and key not in known]
