"""One place of backups: what lies there, by name."""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from app.core.storage import Storage
from app.runtime.backups.sealing import seal, unseal
from app.runtime.failure import Failure

_NAME = re.compile(r"backup-(\d{8}-\d{6})\.recado")
_MOMENT = "%Y%m%d-%H%M%S"


@dataclass(frozen=True)
class Entry:
    """A file of ours inside a backup: `tree` is media or files, `object_name` the sealed copy."""

    tree: str
    key: str
    size: int
    object_name: str


@dataclass(frozen=True)
class Shelf:
    store: Storage
    key: str
    scratch: Path

    def backups(self) -> dict[datetime, str]:
        """Oldest first. One is complete when its archive is there: it is written last."""
        found = {}
        for name in self.store.keys():  # noqa: SIM118 (it is no dictionary)
            if match := _NAME.fullmatch(name):
                found[datetime.strptime(match.group(1), _MOMENT).replace(tzinfo=UTC)] = name
        return dict(sorted(found.items()))

    def find(self, wanted: str = "latest") -> str:
        names = list(self.backups().values())
        if not names:
            raise Failure("Não há cópias neste lugar (no backups here): confira BACKUP_URL")
        if wanted == "latest":
            return names[-1]
        if wanted not in names:
            raise Failure(f"Não há cópia chamada {wanted} (not found); a mais nova é {names[-1]}")
        return wanted

    def objects(self) -> set[str]:
        return {name for name in self.store.keys() if name.startswith("objects/")}  # noqa: SIM118

    def put(self, name: str, source: BinaryIO) -> int:
        """Sealed; the bytes written."""
        with tempfile.TemporaryFile(dir=self.scratch) as sealed:
            size = seal(source, sealed, self.key)
            sealed.seek(0)
            self.store.put(name, sealed, "application/octet-stream")
        return size

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """The plain bytes, whole and proven, in a scratch file. Raises Failure."""
        with tempfile.TemporaryFile(dir=self.scratch) as plain:
            for chunk in self._plain(name):
                plain.write(chunk)
            plain.seek(0)
            yield plain

    def _plain(self, name: str) -> Iterator[bytes]:
        try:
            chunks = self.store.open(name)
        except FileNotFoundError:
            raise Failure(f"Falta {name} no lugar das cópias (missing): use outra cópia") from None
        return unseal(io.BufferedReader(_Stream(chunks)), self.key)

    def put_list(self, name: str, entries: Iterable[Entry]) -> str:
        """Beside the archive; its checksum, for the archive's manifest."""
        lines = "".join(json.dumps([e.tree, e.key, e.size, e.object_name]) + "\n" for e in entries).encode()
        self.put(_list_of(name), io.BytesIO(lines))
        return hashlib.sha256(lines).hexdigest()

    def entries(self, name: str, checksum: str = "") -> list[Entry]:
        with self.opened(_list_of(name)) as file:
            lines = file.read()
        if checksum and hashlib.sha256(lines).hexdigest() != checksum:
            raise Failure("A lista de arquivos não é a desta cópia (list of files doesn't match): use outra")
        return [Entry(*json.loads(line)) for line in lines.splitlines()]

    def remove(self, name: str) -> None:
        self.store.delete(name)
        self.store.delete(_list_of(name))


class _Stream(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = next(self._chunks, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def new_name(at: datetime) -> str:
    return f"backup-{at.astimezone(UTC):{_MOMENT}}.recado"


def _list_of(name: str) -> str:
    return name.removesuffix(".recado") + ".list"
