"""`recado backup`."""

import contextlib
import fcntl
import hashlib
import hmac
import json
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core import backup_state as state
from app.core import clock
from app.core.storage import Storage
from app.runtime.backups import census, rotation, shelf, tools
from app.runtime.backups.origin import Origin
from app.runtime.backups.shelf import Entry, Shelf
from app.runtime.failure import Failure

FORMAT = 1


@dataclass(frozen=True)
class Made:
    name: str
    size: int
    new_objects: int
    removed: int
    seconds: float


def make(origin: Origin) -> Made:
    """One backup in every place, then what retention no longer wants is removed."""
    began = time.monotonic()
    with _alone(origin), tempfile.TemporaryDirectory(dir=origin.scratch) as folder:
        shelves = [Shelf(place, origin.key, origin.scratch) for place in origin.places.values()]
        archive = _Archive(Path(folder), shelf.new_name(clock.now()))
        archive.add_databases(origin)
        files = list(_files(origin))
        size = new = removed = 0
        for one in shelves:
            put, entries = _put_objects(origin, one, files)
            new += put
            size = archive.put(origin, one, entries)
            removed += prune(one)
    made = Made(archive.name, size, new, removed, time.monotonic() - began)
    state.remember(origin.data, "backup", at=clock.now().isoformat(), name=made.name, bytes=size, seconds=made.seconds)
    return made


@contextlib.contextmanager
def _alone(origin: Origin) -> Iterator[None]:
    with (origin.data / "backup.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("Outra cópia está em andamento (another backup is running)") from None
        yield


class _Archive:
    """The sealed file: a tar of the manifest, the keys and the dumps."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._manifest: dict[str, Any] = {"format": FORMAT, "name": name}

    def add_databases(self, origin: Origin) -> None:
        with census.photograph(origin.owner_url) as (connection, snapshot):
            major = tools.dump(origin.owner_url, self._folder / "database.dump", snapshot=snapshot)
            tables = census.take(connection)
            with connection.cursor() as cursor:
                cursor.execute("SELECT version_num FROM alembic_version")
                revision = cursor.fetchone()[0]
                cursor.execute("SELECT pg_database_size(current_database())")
                size = cursor.fetchone()[0]
        self._manifest |= {
            "made_at": clock.now().isoformat(),
            "dump_version": major,
            "revision": revision,
            "database_bytes": size,
            "app_role": tools.user_of(origin.app_url),
            "tables": tables,
        }
        if origin.evolution_url:
            self._manifest["evolution_dump_version"] = tools.dump(origin.evolution_url, self._folder / "evolution.dump")

    def put(self, origin: Origin, place: Shelf, entries: list[Entry]) -> int:
        """The archive comes last: where it is, the rest is."""
        checksum = place.put_list(self.name, entries)
        manifest = self._manifest | {"list_sha256": checksum, "files": len(entries)}
        (self._folder / "manifest.json").write_text(json.dumps(manifest))
        (self._folder / "keys.json").write_text(json.dumps(origin.keys))
        with tempfile.TemporaryFile(dir=origin.scratch) as plain:
            with tarfile.open(fileobj=plain, mode="w") as tar:
                for name in ("manifest.json", "keys.json", "database.dump", "evolution.dump"):
                    if (self._folder / name).exists():
                        tar.add(self._folder / name, name)
            plain.seek(0)
            return place.put(self.name, plain)


def _files(origin: Origin) -> Iterator[Entry]:
    for tree, store in origin.trees.items():
        for key in store.keys():  # noqa: SIM118 (it is no dictionary)
            with contextlib.suppress(FileNotFoundError, ValueError):  # deleted meanwhile; half-written
                size, stamp = _stamp(store, key)
                yield Entry(tree, key, size, _object_name(origin.key, f"{tree}/{key}/{stamp}"))


def _stamp(store: Storage, key: str) -> tuple[int, str]:
    """What changes when the file does. Files in a bucket never change: asking for each would take an hour."""
    path = store.local_path(key)
    if path is None:
        return 0, ""
    info = path.stat()
    return info.st_size, f"{info.st_size}.{info.st_mtime_ns}"


def _object_name(key: str, what: str) -> str:
    """Tells nothing of the file to who sees the place and has no key."""
    digest = hmac.new(key.encode(), what.encode(), hashlib.sha256).hexdigest()
    return f"objects/{digest[:2]}/{digest}"


def _put_objects(origin: Origin, place: Shelf, files: list[Entry]) -> tuple[int, list[Entry]]:
    """How many were new, and all that are there now: a file may be deleted while we come to it."""
    there = place.objects()
    kept, new = [], 0
    for entry in files:
        try:
            if entry.object_name not in there:
                _put_object(origin, place, entry)
                new += 1
        except FileNotFoundError:
            continue
        kept.append(entry)
    return new, kept


def _put_object(origin: Origin, place: Shelf, entry: Entry) -> None:
    with tempfile.TemporaryFile(dir=origin.scratch) as plain:
        for chunk in origin.trees[entry.tree].open(entry.key):
            plain.write(chunk)
        plain.seek(0)
        place.put(entry.object_name, plain)


def prune(place: Shelf) -> int:
    """Backups that retention doesn't keep, then objects that no backup names. How many files went."""
    backups = place.backups()
    stay = rotation.kept(backups)
    gone = [name for at, name in backups.items() if at not in stay]
    if not gone:
        return 0
    named = {entry.object_name for at in stay for entry in place.entries(backups[at])}
    for name in gone:
        place.remove(name)
    orphans = place.objects() - named
    for name in orphans:
        place.store.delete(name)
    return len(gone) + len(orphans)
