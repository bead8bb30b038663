"""One way into every file: its sheets, and its rows with their real numbers (the first is 1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from app.contacts.importing import text_tables, workbooks
from app.contacts.importing.kinds import file_kind
from app.contacts.importing.limits import LIMITS, FileProblem, Limits
from app.contacts.importing.workbooks import Sheet

Row = tuple[int, list[Any]]


def list_sheets(path: Path, limits: Limits = LIMITS) -> list[Sheet]:
    """A text file is one unnamed sheet. Raises FileProblem; a book without any cell is `file_empty`."""
    if file_kind(path, limits) == "text":
        source = text_tables.rows(path, text_tables.detect(path), limits)
        return [Sheet(0, "", False, 0, 0, list(islice(source, workbooks.SAMPLE)))]
    filled = [sheet for sheet in workbooks.sheets(path, limits) if sheet.rows]
    if not filled:
        raise FileProblem("file_empty")
    return filled


def default_sheet(sheets: list[Sheet]) -> Sheet:
    """The first one a person would see."""
    return next((sheet for sheet in sheets if not sheet.is_hidden), sheets[0])


def sample_rows(sheet: Sheet, limits: Limits = LIMITS) -> list[Row]:
    """The first filled rows, enough to know the columns by."""
    return list(_bounded(iter(sheet.sample), limits))


def read_rows(path: Path, sheet: int = 0, limits: Limits = LIMITS) -> Iterator[Row]:
    """Rows that hold something, each with its number in the file. Raises FileProblem past a limit."""
    if file_kind(path, limits) == "text":
        source: Iterator[list[Any]] = text_tables.rows(path, text_tables.detect(path), limits)
    else:
        source = workbooks.rows(path, sheet, limits)
    return _bounded(source, limits)


def _bounded(source: Iterator[list[Any]], limits: Limits) -> Iterator[Row]:
    filled = 0
    for number, cells in enumerate(source, start=1):
        if not any(cells) and not any(cell not in ("", None) for cell in cells):
            continue
        if len(cells) > limits.columns:
            cells = _trimmed(cells, limits)
        filled += 1
        if filled > limits.rows + 1:  # one of them is the header
            raise FileProblem("file_too_many_rows", limit=limits.rows)
        yield number, cells


def _trimmed(cells: list[Any], limits: Limits) -> list[Any]:
    """Empty cells to the right do not count as columns."""
    if any(cell not in ("", None) for cell in cells[limits.columns :]):
        raise FileProblem("file_too_many_columns", limit=limits.columns)
    return cells[: limits.columns]
