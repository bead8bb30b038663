"""Checked rows on disk, in PostgreSQL's COPY text format: memory stays flat whatever the size of the file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import getrandbits
from typing import Any, TextIO

import orjson

from app.contacts.importing.doctor import Checked
from app.contacts.rules import search_text

COLUMNS = "row_number, contact_id, key, phone, name, email, group_name, search, custom, others, tags, repeats"
_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Spill:
    """Writes the valid rows of one examination; ids are given here, so that a second run writes the same rows."""

    def __init__(self, path: Path) -> None:
        self._stream: TextIO = path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20)
        self._ids = _ids()

    def add(self, found: Checked) -> None:
        phone = found.phone
        if phone is None:
            return
        custom = _json(found.custom) if found.custom else "{}"
        others = _json([(other.key, other.e164[1:]) for other in found.others]) if found.others else "[]"
        tags = _json(found.tags) if found.tags else "[]"
        typed = f"{found.name}\t{found.email}\t{found.group}\t{search_text(found.name, phone.e164)}"
        if "\\" in typed or "\n" in typed or "\r" in typed or typed.count("\t") != 3:
            typed = _escaped(found, phone.e164)
        repeats = _NULL if found.repeats is None else found.repeats
        self._stream.write(
            f"{found.row}\t{next(self._ids)}\t{phone.key}\t{phone.e164}\t{typed}\t{custom}\t{others}\t{tags}\t{repeats}\n"
        )

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _ids() -> Iterator[str]:
    """UUIDv7 in the order of the rows, as 32 hex digits; 4096 to a millisecond."""
    millis, count = time.time_ns() // 1_000_000, 0
    while True:
        head = (millis + (count >> 12)) << 16 | 0x7000 | (count & 0xFFF)
        yield f"{head << 64 | 1 << 63 | getrandbits(62):032x}"
        count += 1


def _escaped(found: Checked, e164: str) -> str:
    """The rare row that holds COPY's own signs."""
    texts = (found.name, found.email, found.group, search_text(found.name, e164))
    return "\t".join(text.translate(_ESCAPES) for text in texts)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode().replace("\\", "\\\\")
