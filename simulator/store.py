"""A small memory on disk, so that a restarted (or killed) simulator still knows its phones."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson


class Store:
    """Documents by kind and id in SQLite, written at once: the page cache survives a kill -9.

    Without a folder nothing is kept on disk.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder:
            (folder / "media").mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "simulator.sqlite3" if folder else ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE IF NOT EXISTS docs (kind, id, body, PRIMARY KEY (kind, id)) WITHOUT ROWID")
        self._media: dict[str, bytes] = {}
        self._waiting: dict[tuple[str, str], Any] = {}

    def put(self, kind: str, key: str, document: Any) -> None:
        self._waiting.pop((kind, key), None)
        self._write([(kind, key, orjson.dumps(document))])

    def put_soon(self, kind: str, key: str, document: Any) -> None:
        """For what may be a moment late (ticks); `flush` writes it."""
        self._waiting[(kind, key)] = document

    def flush(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        self._db.execute("BEGIN")
        self._write([(kind, key, orjson.dumps(document)) for (kind, key), document in waiting.items()])
        self._db.execute("COMMIT")

    def _write(self, rows: list[tuple[str, str, bytes]]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO docs VALUES (?, ?, ?)", rows)

    def all(self, kind: str) -> Iterator[dict[str, Any]]:
        for (body,) in self._db.execute("SELECT body FROM docs WHERE kind = ?", (kind,)):
            yield orjson.loads(body)

    def drop(self, kind: str, prefix: str = "") -> None:
        """Forget the documents of a kind whose id starts with the prefix."""
        self._waiting = {k: d for k, d in self._waiting.items() if k[0] != kind or not k[1].startswith(prefix)}
        self._db.execute("DELETE FROM docs WHERE kind = ? AND substr(id, 1, ?) = ?", (kind, len(prefix), prefix))

    def put_media(self, name: str, content: bytes) -> None:
        if self._folder:
            (self._folder / "media" / name).write_bytes(content)
        else:
            self._media[name] = content

    def media(self, name: str) -> bytes | None:
        if not self._folder:
            return self._media.get(name)
        path = self._folder / "media" / name
        return path.read_bytes() if path.is_file() else None

    def drop_media(self) -> None:
        self._media.clear()
        for path in (self._folder / "media").iterdir() if self._folder else ():
            path.unlink()

    def close(self) -> None:
        self.flush()
        self._db.close()
