"""What a file may cost us, and the one error that refuses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    file_bytes: int = 50 * 1024 * 1024
    rows: int = 500_000
    columns: int = 200
    cell_chars: int = 32_767  # Excel's own limit
    unpacked_bytes: int = 1024 * 1024 * 1024
    ratio: int = 200  # unpacked to packed; real workbooks stay under 40
    reader_memory: int = 1536 * 1024 * 1024
    reader_cpu_seconds: int = 120


LIMITS = Limits()


class FileProblem(Exception):
    """A file refused as a whole. `code` has its sentence in `problems.FILE_MESSAGES`."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
