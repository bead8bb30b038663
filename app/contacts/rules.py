"""Decisions about one contact that need no database."""

from __future__ import annotations

import re
from typing import Any

from app.core.text import fold

COLORS = {  # of groups and tags
    "blue": "#206bc4",
    "azure": "#4299e1",
    "indigo": "#4263eb",
    "purple": "#ae3ec9",
    "pink": "#d6336c",
    "red": "#d63939",
    "orange": "#f76707",
    "yellow": "#f59f00",
    "lime": "#74b816",
    "green": "#2fb344",
    "teal": "#0ca678",
    "cyan": "#17a2b8",
}
DUPLICATE_RULES = ("fill", "overwrite", "keep")
MAX_CUSTOM_FIELDS = 200
_PHONE_CHARS = frozenset("0123456789 ()+-./")
_NOT_DIGITS = re.compile(r"\D+")
NOBODY = "\n"  # a pattern that fits no one: folding leaves no line breaks


def search_text(name: str | None, phone: str | None) -> str:
    """What the trigram index sees: the folded name and the digits of the phone."""
    digits = _NOT_DIGITS.sub("", phone or "")
    return f"{fold(name)} {digits}".strip()


def search_pattern(query: str) -> str:
    """One ILIKE pattern for the whole query, for readers that look through few rows."""
    folded = fold(query)
    digits = _NOT_DIGITS.sub("", folded)
    if digits and _PHONE_CHARS.issuperset(folded):
        return f"%{_phone_pattern(digits)}%"
    return f"%{_escape(folded)}%"


def search_patterns(query: str) -> list[tuple[str, ...]]:
    """ILIKE patterns over `search_text`: one of each tuple must fit, a tuple a word.

    One or two letters begin a word: in the middle of one they would find nearly everybody, and no trigram. A query of
    digits finds phones however it was punctuated; one with an @ is about e-mails, which are not in it; one of which
    folding leaves nothing finds nobody.
    """
    folded = fold(query)
    if "@" in folded or not query.strip():
        return []
    if folded and _PHONE_CHARS.issuperset(folded):
        return [(search_pattern(query),)]
    return [_word_patterns(word) for word in folded.split()] or [(NOBODY,)]


def _word_patterns(word: str) -> tuple[str, ...]:
    escaped = _escape(word)
    return (f"%{escaped}%",) if len(word) > 2 else (f"{escaped}%", f"% {escaped}%")


def _phone_pattern(digits: str) -> str:
    """A number typed whole is looked for by area and last eight digits, so that the ninth never matters."""
    if len(digits) < 10:
        return digits
    area = digits[:-9] if len(digits) in (11, 13) else digits[:-8]
    return f"{area}%{digits[-8:]}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def combine(rule: str, before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What a known contact becomes under keep, fill or overwrite: name, email, custom_fields."""
    if rule == "keep":
        return dict(before)
    custom_before, custom_given = before.get("custom_fields") or {}, given.get("custom_fields") or {}
    if rule == "overwrite":
        custom = {**custom_before, **custom_given}
        return {k: given.get(k) or before.get(k) for k in ("name", "email")} | {"custom_fields": custom}
    custom = {**custom_given, **custom_before}
    return {k: before.get(k) or given.get(k) for k in ("name", "email")} | {"custom_fields": custom}
