"""Speaking in parts: what all texts share is made once, and only each person's part per person.

A text is cut at the ends of clauses, so that no seam falls inside one, and never inside what a variable said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Span = tuple[int, int]

# A seam comes after a mark and a space. Abbreviations and initials ("Dra. Ana", "Av. Brasil") end no clause.
_SEAM = re.compile(r"[,.;:!?…]+\s+|\n+")
_LAST_WORD = re.compile(r"(\w+)$")
_SHORT = 4
_BEFORE_NAMES = frozenset(
    ("sra", "srta", "dra", "prof", "profa", "exmo", "exma", "ilmo", "ilma", "prezado", "prezada", "senhor", "senhora")
)
_LEAST = 12  # a shorter common part saves nothing and adds a seam


def values_in(text: str, literals: Sequence[str | None]) -> list[Span] | None:
    """Where the variables' values stand in a text made of `literals`, None standing for a variable. None when the
    text was not made of them. Any reading that adds up will do: what is joined is the same."""
    literals = _merged(literals)
    found: list[Span] = []
    at, since = 0, None  # `since`: where the value under way begins
    last = len(literals) - 1
    for index, literal in enumerate(literals):
        if literal is None:
            found += [] if since is None else [(since, since)]
            since = at
            continue
        start = text.find(literal, at) if index < last else len(text) - len(literal)
        if start < at or not text.startswith(literal, start) or (since is None and start != at):
            return None
        found += [] if since is None else [(since, start)]
        at, since = start + len(literal), None
    if since is not None:
        return [*found, (since, len(text))]
    return found if at == len(text) else None


def _merged(literals: Sequence[str | None]) -> list[str | None]:
    """Neighbouring literals as one: only then the first place where one fits is good enough."""
    found: list[str | None] = []
    for one in literals:
        if one is not None and found and found[-1] is not None:
            found[-1] += one
        else:
            found.append(one)
    return found


def cut(text: str, values: Iterable[Span]) -> tuple[str, ...]:
    """The parts to speak; a text without a variable, or without a common part worth a seam, is one."""
    spans = list(values)
    clauses = _clauses(text, spans)
    runs: list[tuple[bool, int, int]] = []
    for start, end in clauses:
        is_personal = any((start < stop and begin < end) or begin == stop == start for begin, stop in spans)
        if runs and runs[-1][0] == is_personal:
            runs[-1] = (is_personal, runs[-1][1], end)
        else:
            runs.append((is_personal, start, end))
    merged = _without_scraps(text, runs)
    parts = tuple(part for _personal, start, end in merged if (part := text[start:end].strip()))
    return parts if len(parts) > 1 and any(not personal for personal, *_span in merged) else (text.strip(),)


def _clauses(text: str, values: Sequence[Span]) -> list[Span]:
    found, at = [], 0
    for seam in _SEAM.finditer(text):
        inside = any(start < seam.end() and seam.start() < end for start, end in values)
        after_value = any(stop == seam.start() > start for start, stop in values)
        if not inside and (after_value or not _is_abbreviation(text[: seam.start()], seam[0])):
            found.append((at, seam.end()))
            at = seam.end()
    return [*found, (at, len(text))] if at < len(text) else found


def _is_abbreviation(before: str, mark: str) -> bool:
    word = _LAST_WORD.search(before)
    if not mark.startswith(".") or word is None:
        return False
    plain = word[1].lower()
    return plain in _BEFORE_NAMES or (len(plain) < _SHORT and not plain.isdigit())


def _without_scraps(text: str, runs: list[tuple[bool, int, int]]) -> list[tuple[bool, int, int]]:
    """Common parts too short to be worth a seam go with their neighbours."""
    kept: list[tuple[bool, int, int]] = []
    for personal, start, end in runs:
        is_scrap = not personal and len(text[start:end].strip()) < _LEAST
        personal = personal or is_scrap
        if kept and kept[-1][0] == personal:
            kept[-1] = (personal, kept[-1][1], end)
        else:
            kept.append((personal, start, end))
    return kept
