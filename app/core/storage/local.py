"""Files in a folder. A reader sees the old file or the new one, never half of one, whatever dies meanwhile."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.core.storage.port import CHUNK, check_key
from app.green import run_blocking


class LocalStorage:
    def __init__(self, root: Path):
        self._root = root.resolve()

    def put(self, key: str, source: bytes | BinaryIO, mime: str) -> int:
        return run_blocking(self._write, self._path(key), source)  # waiting for the disk must not stall other requests

    def _write(self, path: Path, source: bytes | BinaryIO) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as target:
                os.fchmod(handle, 0o640)  # the web server in front reads it when it belongs to the folder's group
                _copy(source, target)
                target.flush()
                os.fsync(target.fileno())
                size = target.tell()
            os.replace(name, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise
        _sync_folder(path.parent)
        return size

    def read(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        file = self._path(key).open("rb")  # at once: a missing file raises here, not in the middle of an answer
        return _chunks(file, start, length)

    def size(self, key: str) -> int:
        return self._path(key).stat().st_size

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def keys(self) -> Iterator[str]:
        for path in self._root.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self._root).as_posix()

    def local_path(self, key: str) -> Path | None:
        return self._path(key)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)


def _copy(source: bytes | BinaryIO, target: BinaryIO) -> None:
    if isinstance(source, bytes):
        target.write(source)
    else:
        shutil.copyfileobj(source, target, CHUNK)


def _chunks(file: BinaryIO, start: int, length: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = length
        while left is None or left > 0:
            chunk = file.read(CHUNK if left is None else min(CHUNK, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk


def _sync_folder(folder: Path) -> None:
    """The new name survives a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
