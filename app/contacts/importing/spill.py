"""Checked rows on disk, in PostgreSQL's COPY text format: memory stays flat whatever the size of the file."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any, TextIO

from app.contacts.importing.doctor import Checked
from app.contacts.rules import search_text

COLUMNS = "row_number, contact_id, key, phone, name, email, custom, others, tags, group_name, repeats, search"
_NULL = "\\N"
_SPECIAL = ("\\", "\t", "\n", "\r")


class Spill:
    """Writes the valid rows of one examination; ids are given here, so that a second run writes the same rows."""

    def __init__(self, path: Path) -> None:
        self._stream: TextIO = path.open("w", encoding="utf-8", newline="\n")
        self._ids = _Ids()

    def add(self, found: Checked) -> None:
        phone = found.phone
        if phone is None:
            return
        custom = _json(found.custom) if found.custom else "{}"
        others = _json([(other.key, other.e164[1:]) for other in found.others]) if found.others else "[]"
        tags = _json(found.tags) if found.tags else "[]"
        search = search_text(found.name, phone.e164, found.email)
        repeats = _NULL if found.repeats is None else str(found.repeats)
        self._stream.write(
            f"{found.row}\t{self._ids.next()}\t{phone.key}\t{phone.e164}\t{_plain(found.name)}\t{_plain(found.email)}\t"
            f"{custom}\t{others}\t{tags}\t{_plain(found.group)}\t{repeats}\t{_plain(search)}\n"
        )

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class _Ids:
    """UUIDv7 in the order of the rows, as 32 hex digits; 4096 to a millisecond."""

    def __init__(self) -> None:
        self._millis = time.time_ns() // 1_000_000
        self._count = 0

    def next(self) -> str:
        count = self._count
        self._count = count + 1
        head = (self._millis + (count >> 12)) << 16 | 0x7000 | (count & 0xFFF)
        return f"{head:016x}{1 << 63 | random.getrandbits(62):016x}"


def _plain(text: str) -> str:
    if any(mark in text for mark in _SPECIAL):
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\\", "\\\\")
