"""What a place for files must do, and the names files have there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")


class Storage(Protocol):
    """Reads of a key that isn't there raise FileNotFoundError; a place that is away raises Unavailable."""

    def put(self, key: str, source: bytes | BinaryIO, mime: str) -> int:
        """The whole file or nothing; returns its bytes. A stream is read from where it stands."""

    def read(self, key: str) -> bytes: ...

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of the file, or of the part asked for."""

    def size(self, key: str) -> int: ...

    def exists(self, key: str) -> bool: ...

    def delete(self, key: str) -> None:
        """Deleting what isn't there is no error."""

    def keys(self) -> Iterator[str]:
        """All of them, in no order."""

    def local_path(self, key: str) -> Path | None:
        """Where the file lies on this machine's disk, if it does."""


def check_key(key: str) -> str:
    """Keys are ours, never a user's file name: lower-case parts without `..` or a leading dot."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"{key!r} is no storage key")
    return key
