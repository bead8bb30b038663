"""`Range: bytes=…`, one part only: what players ask to jump in a recording."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Part:
    start: int
    length: int

    def header(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def find_part(header: str | None, size: int) -> Part | None:
    """None means the whole file (no range, or one we don't serve). Raises ValueError when it lies outside (416)."""
    found = _RANGE.fullmatch((header or "").replace(" ", ""))
    if found is None or found[1] == found[2] == "":
        return None
    start, end = _bounds(found[1], found[2], size)
    if start >= size or end < start:
        raise ValueError("outside the file")
    return Part(start, end - start + 1)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)) if int(last) else size, size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
