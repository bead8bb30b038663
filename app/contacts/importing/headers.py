"""Finds the row that names the columns: not always the first, sometimes not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.contacts.importing.cells import cell_text, column_letter
from app.contacts.importing.synonyms import recognise
from app.core.phone import PhoneError, parse

SEARCHED_ROWS = 20
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")


class Header(NamedTuple):
    row: int | None  # number in the file; None when the columns have no names
    names: list[str]


def find_header(sample: Sequence[tuple[int, list[Any]]]) -> Header:
    """`sample`: the first filled rows with their numbers."""
    width = max((len(cells) for _, cells in sample), default=0)
    row = _best_row(sample[:SEARCHED_ROWS])
    if row is None:
        return Header(None, [""] * width)
    number, cells = row
    names = [cell_text(cell) for cell in cells]
    return Header(number, names + [""] * (width - len(names)))


def _best_row(sample: Sequence[tuple[int, list[Any]]]) -> tuple[int, list[Any]] | None:
    named = [(_known_names(cells), -index) for index, (_, cells) in enumerate(sample) if _can_be_header(cells)]
    best = max(named, default=(0, 0))
    if best[0]:
        return sample[-best[1]]
    return _first_words_over_data(sample)


def _known_names(cells: list[Any]) -> int:
    return sum(recognise(cell_text(cell)) is not None for cell in cells)


def _can_be_header(cells: list[Any]) -> bool:
    return not any(looks_like_data(cell) for cell in cells)


def looks_like_data(cell: Any) -> bool:
    text = cell_text(cell)
    if not text:
        return False
    return not isinstance(cell, str) or _EMAIL.fullmatch(text) is not None or looks_like_phone(text)


def looks_like_phone(text: str) -> bool:
    if not 8 <= sum(map(str.isdigit, text)) <= 15:
        return False
    try:
        parse(text, default_area="11")
    except PhoneError:
        return False
    return True


def _first_words_over_data(sample: Sequence[tuple[int, list[Any]]]) -> tuple[int, list[Any]] | None:
    """No known name: the widest early row of words that has data somewhere beneath it."""
    width = max((_filled(cells) for _, cells in sample), default=0)
    for index, (number, cells) in enumerate(sample[:-1]):
        wide = _filled(cells) * 10 >= width * 6
        if wide and _can_be_header(cells) and any(map(looks_like_data, sample[index + 1][1])):
            return number, cells
    return None


def _filled(cells: list[Any]) -> int:
    return sum(cell_text(cell) != "" for cell in cells)


def shown_name(name: str, index: int) -> str:
    return name or f"Coluna {column_letter(index)}"
