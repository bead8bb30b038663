"""Tables as files to download. Cells that a spreadsheet would run as a formula are neutralised."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from app.core.text import defused

_MOST_ROWS = 1_048_576  # of an Excel sheet


def safe_cell(value: Any) -> Any:
    """Phones such as +55 (11) … keep their plus: they are no formula."""
    return value if not isinstance(value, str) or _is_phone(value) else defused(value)


def _is_phone(text: str) -> bool:
    return (
        text.startswith("+") and text[1:].replace(" ", "").replace("(", "").replace(")", "").replace("-", "").isdigit()
    )


def write_table(path: Path, kind: str, rows: Iterable[Iterable[Any]]) -> None:
    """Whole or not at all: written beside and renamed."""
    partial = path.with_name(path.name + ".part")
    safe = ([safe_cell(cell) for cell in row] for row in rows)
    if kind == "xlsx":
        _write_xlsx(partial, safe)
    else:
        _write_csv(partial, safe)
    partial.replace(path)


def _write_xlsx(path: Path, rows: Iterable[list[Any]]) -> None:
    # Thirty megabytes with the NumPy that it takes along; only the process that writes a sheet needs them.
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Contatos")
    for number, row in enumerate(rows):
        if number >= _MOST_ROWS:
            break
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in row])
    book.save(path)


def _write_csv(path: Path, rows: Iterable[list[Any]]) -> None:
    """With semicolons and a BOM, as Brazilian Excel opens by a double click."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
