"""Wordings of a campaign for one contact. `queries.rendering` says the same in SQL; a property test compares them."""

import uuid
from collections.abc import Mapping, Sequence

from app.templates.rules import (
    BUILT_IN,
    Part,
    Person,
    Variable,
    as_text,
    fill,
    parse,
    phone_text,
    spelling_order,
    values_of,
)

__all__ = [
    "BUILT_IN",
    "MAX_VARIATIONS",
    "SPACES",
    "Person",
    "as_text",
    "compiled",
    "phone_text",
    "render_for",
    "spelling_order",
    "texts_of",
    "unknown_variables",
    "values_of",
    "variable_keys",
    "variation_of",
]

# What `str.strip()` and `str.split()` take for space.
SPACES = "".join(
    chr(code)
    for code in (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
                 0x202F, 0x205F, 0x3000)
)  # fmt: skip
MAX_VARIATIONS = 5


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
