"""Our side of `workbook_reader`: starts it, reads its rows, says what its death meant."""

from __future__ import annotations

import marshal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from app.contacts.importing.limits import LIMITS, FileProblem, Limits

_READER = Path(__file__).with_name("workbook_reader.py")


SAMPLE = 400  # rows of each sheet that come with its name


class Sheet(NamedTuple):
    """`sample`: its first rows, empty ones included."""

    index: int
    name: str
    is_hidden: bool
    rows: int
    columns: int
    sample: list[list[Any]] = []  # noqa: RUF012 - never changed


def sheets(path: Path, limits: Limits = LIMITS) -> list[Sheet]:
    for kind, content in _messages(["sheets", str(path), str(SAMPLE)], limits):
        if kind == "sheets":
            return [Sheet(*row) for row in content]
    raise FileProblem("file_damaged")


def rows(path: Path, sheet: int, limits: Limits = LIMITS) -> Iterator[list[Any]]:
    for kind, content in _messages(["rows", str(path), str(sheet)], limits):
        if kind == "rows":
            yield from content


def _messages(arguments: list[str], limits: Limits) -> Iterator[tuple[str, Any]]:
    with _reader([*arguments, str(limits.reader_memory), str(limits.reader_cpu_seconds)]) as stream:
        while True:
            try:
                kind, content = marshal.load(stream)
            except (EOFError, ValueError, TypeError) as error:
                # killed by its limits or aborted: no honest workbook of this size does that
                raise FileProblem("file_expands") from error
            if kind == "refused":
                raise FileProblem(content)
            if kind == "end":
                return
            yield kind, content


@contextmanager
def _reader(arguments: list[str]) -> Iterator[Any]:
    process = subprocess.Popen(
        [sys.executable, "-I", str(_READER), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.stdout.close()
        process.kill()
        process.wait()
