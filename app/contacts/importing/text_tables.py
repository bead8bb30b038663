"""Text files with separated values: encoding, separator and rows."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.contacts.importing.limits import LIMITS, FileProblem, Limits

SEPARATORS = ";,\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_ROWS = 60


class TextFormat(NamedTuple):
    encoding: str
    separator: str
    has_separator_line: bool = False  # Excel's own first line "sep=;"
    has_zeros: bool = False  # stray zero bytes, which no database column takes


def detect(path: Path) -> TextFormat:
    content = path.read_bytes()
    encoding, has_zeros = _encoding(content), b"\0" in content
    with path.open(encoding=encoding, newline="") as stream:
        try:
            sample = [line for line, _ in zip(stream, range(_SAMPLE_ROWS), strict=False)]
        except UnicodeError as error:
            raise FileProblem("file_not_spreadsheet") from error
    if sample and sample[0].lower().startswith("sep=") and len(sample[0].rstrip("\r\n")) == 5:
        return TextFormat(encoding, sample[0][4], True, has_zeros)
    return TextFormat(encoding, _separator(sample), False, has_zeros)


def rows(path: Path, text_format: TextFormat, limits: Limits = LIMITS) -> Iterator[list[str]]:
    csv.field_size_limit(limits.cell_chars * 4)
    with path.open(encoding=text_format.encoding, newline="", errors="replace") as stream:
        lines = (line.replace("\0", "") for line in stream) if text_format.has_zeros else stream
        reader = csv.reader(lines, delimiter=text_format.separator)
        try:
            if text_format.has_separator_line and next(reader, None) is not None:
                yield []  # keeps the row numbers true
            yield from reader
        except csv.Error as error:
            raise FileProblem("file_damaged") from error


def _encoding(content: bytes) -> str:
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return encoding
    start = content[:4096]
    zeros = start.count(0)
    if zeros > len(start) * 0.02:  # a stray one is dropped while reading
        return _without_bom(start, zeros)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _western(content)
    return "utf-8"


def _without_bom(start: bytes, zeros: int) -> str:
    """Text in UTF-16 has a zero in nearly every second byte; anything else with zeros is no text."""
    if zeros < len(start) * 0.3:
        raise FileProblem("file_not_spreadsheet")
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def _western(content: bytes) -> str:
    """Windows leaves five bytes unassigned; a file that uses them is Latin-1."""
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _separator(sample: list[str]) -> str:
    return max(SEPARATORS, key=lambda separator: _score(sample, separator))


def _score(sample: list[str], separator: str) -> tuple[int, int]:
    """How many lines agree on one width above 1, then how wide. Ties keep the order of SEPARATORS."""
    try:
        widths = Counter(len(row) for row in csv.reader(sample, delimiter=separator) if row)
    except csv.Error:
        return (0, 0)
    widths.pop(1, None)
    if not widths:
        return (0, 0)
    width, agreeing = widths.most_common(1)[0]
    return (agreeing, width)
