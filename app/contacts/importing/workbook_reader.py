"""Reads one workbook in a process of its own, under limits, and writes rows to stdout by marshal.

Run as a script: a hostile or broken file may exhaust memory or abort calamine (a value in cell
XFD1048576 makes it ask for 512 GB), and that must end this process and not the worker.
It therefore imports nothing of the application.

    workbook_reader.py sheets PATH SAMPLE_ROWS MEMORY_BYTES CPU_SECONDS
    workbook_reader.py rows PATH SHEET_INDEX MEMORY_BYTES CPU_SECONDS
"""

from __future__ import annotations

import datetime as dt
import marshal
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

BATCH = 500
_AS_THEY_ARE = (str, float, bool, int)


def plain(value: Any) -> Any:
    """Marshal knows no dates: they travel as ("date", dd/mm/yyyy[ HH:MM])."""
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time.min
        return ("date", value.strftime("%d/%m/%Y" if midnight else "%d/%m/%Y %H:%M"))
    if isinstance(value, dt.date):
        return ("date", value.strftime("%d/%m/%Y"))
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return str(value)


def plain_row(row: list[Any]) -> list[Any]:
    return [value if type(value) in _AS_THEY_ARE else plain(value) for value in row]


def sheets(path: str, sample: int) -> list[tuple[int, str, bool, int, int, list[list[Any]]]]:
    """(index, name, is_hidden, rows, columns, first rows) of each sheet, all from one opening."""
    workbook = CalamineWorkbook.from_path(path)
    found = []
    for index, meta in enumerate(workbook.sheets_metadata):
        if meta.typ is SheetTypeEnum.WorkSheet:
            sheet = workbook.get_sheet_by_index(index)
            rows, columns = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
            hidden = meta.visible is not SheetVisibleEnum.Visible
            found.append((index, meta.name, hidden, rows, columns, list(islice(rows_of(sheet), sample))))
    return found


def rows_of(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """From the first column and row of the sheet, empty ones included."""
    margin = [""] * (sheet.start[1] if sheet.start else 0)
    for row in sheet.iter_rows():
        yield margin + plain_row(row)


def batches(path: str, index: int) -> Iterator[list[list[Any]]]:
    rows = rows_of(CalamineWorkbook.from_path(path).get_sheet_by_index(index))
    while batch := list(islice(rows, BATCH)):
        yield batch


def bound(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(verb: str, path: str, *numbers: str) -> None:
    out = sys.stdout.buffer
    memory, seconds = int(numbers[-2]), int(numbers[-1])
    bound(memory, seconds)
    try:
        if verb == "sheets":
            marshal.dump(("sheets", sheets(path, int(numbers[0]))), out)
        else:
            for batch in batches(path, int(numbers[0])):
                marshal.dump(("rows", batch), out)
        marshal.dump(("end", None), out)
    except PasswordError:
        marshal.dump(("refused", "file_password"), out)
    except (CalamineError, OSError):
        marshal.dump(("refused", "file_damaged"), out)
    except MemoryError:
        marshal.dump(("refused", "file_expands"), out)
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
