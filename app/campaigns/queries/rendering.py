"""The text of each contact as one SQL expression: 100,000 messages are rendered where they are stored.

It says what `rules.values` says in Python, to the letter; a property test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, cast, false, func, literal, or_
from sqlalchemy import case as sql_case
from sqlalchemy.dialects.postgresql import BIT

from app.campaigns.rules.values import BUILT_IN, SPACES, spelling_order
from app.templates.rules import Literal, Part, key_of

_BRAZILIAN = r"^\+55([0-9]{2})([0-9]{4,5})([0-9]{4})$"

Spellings = Mapping[str, Sequence[str]]


def body(
    contact: Any, wordings: Sequence[Sequence[Part]], spellings: Mapping[str, Sequence[str]]
) -> ColumnElement[str]:
    """`contact` has the columns of contacts; `spellings`: variable key → names of custom fields that share it."""
    texts = [_wording(contact, parts, spellings) for parts in wordings]
    if len(texts) == 1:
        return texts[0]
    chosen = variation(contact, len(texts))
    return sql_case(*[(chosen == at, text) for at, text in enumerate(texts[:-1])], else_=texts[-1])


def variation(contact: Any, count: int) -> ColumnElement[int]:
    """The last seven hex digits of the id are chance; the same person always gets the same wording."""
    tail = func.right(cast(contact.id, Text), 7)
    return cast(cast(literal("x") + tail, BIT(28)), Integer) % count


def _wording(contact: Any, parts: Sequence[Part], spellings: Spellings) -> ColumnElement[str]:
    pieces = [_piece(contact, part, spellings) for part in parts]
    return func.concat(*pieces) if pieces else literal("", Text)


def _piece(contact: Any, part: Part, spellings: Spellings) -> ColumnElement[str]:
    if isinstance(part, Literal):
        return literal(part.text, Text)
    names = sorted(spellings.get(part.key, ()), key=spelling_order, reverse=True)
    known = [_own(contact, BUILT_IN[part.key])] if part.key in BUILT_IN else [_custom(contact, name) for name in names]
    options = [*known, literal(part.default or "", Text)]
    return func.coalesce(*options) if len(options) > 1 else options[0]


def _own(contact: Any, field: str) -> ColumnElement[str]:
    if field == "first_name":
        return func.substring(_trimmed(contact.name), f"^[^{SPACES}]+")
    if field == "phone":
        return func.nullif(func.regexp_replace(_trimmed(contact.phone), _BRAZILIAN, r"(\1) \2-\3"), "")
    return func.nullif(_trimmed(getattr(contact, field)), "")


def _custom(contact: Any, name: str) -> ColumnElement[str]:
    scalar = func.jsonb_typeof(contact.custom_fields[name]).in_(("string", "number", "boolean"))
    return sql_case((scalar, func.nullif(_trimmed(contact.custom_fields[name].astext), "")))


def has_hole(contact: Any, wordings: Sequence[Sequence[Part]], spellings: Spellings) -> ColumnElement[bool]:
    """Whether a variable without a default of its own comes out empty in this person's wording."""
    holes = [_open_holes(contact, parts, spellings) for parts in wordings]
    if len(holes) == 1:
        return holes[0]
    chosen = variation(contact, len(holes))
    return sql_case(*[(chosen == at, hole) for at, hole in enumerate(holes[:-1])], else_=holes[-1])


def _open_holes(contact: Any, parts: Sequence[Part], spellings: Spellings) -> ColumnElement[bool]:
    undefended = [part for part in parts if not isinstance(part, Literal) and part.default is None]
    return or_(false(), *[_piece(contact, part, spellings) == "" for part in undefended])


def _trimmed(value: Any) -> ColumnElement[str]:
    return func.btrim(value, SPACES)


def spellings_of(names: Sequence[str], keys: Sequence[str]) -> dict[str, list[str]]:
    """Which names of custom fields each variable means."""
    wanted: dict[str, list[str]] = {key: [] for key in keys}
    for name in names:
        if key_of(name) in wanted:
            wanted[key_of(name)].append(name)
    return wanted
