"""`recado restore`: onto an empty machine, which wakes in safe mode; and `recado restore-drill`: does it work?"""

import json
import random
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from psycopg2 import sql

from app.config import psycopg2_url
from app.core import backup_state as state
from app.core import clock, migrate
from app.runtime import postgres
from app.runtime.backups import census, tools
from app.runtime.backups.origin import Origin
from app.runtime.backups.shelf import Entry, Shelf
from app.runtime.checks import plain
from app.runtime.failure import Failure

SAMPLE = 50  # objects that a drill decrypts to the end
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
# An installation of today that nobody used yet gives way.
_USED = """
    SELECT to_regclass('tenants') IS NULL OR EXISTS (SELECT FROM contacts) OR EXISTS (SELECT FROM instances)
        OR EXISTS (SELECT FROM messages) OR EXISTS (SELECT FROM campaigns)
"""
_CLEAR = "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"
# As if another server had written it: the queue's own guard then holds what was not finished.
_SAFE = ("UPDATE tenants SET safe_mode = true", "UPDATE installation SET cluster = 0", "SELECT outbox_hold_restored()")


@dataclass(frozen=True)
class Opened:
    """A proven archive, unpacked."""

    folder: Path
    manifest: dict[str, Any]
    keys: dict[str, str]

    @property
    def dump(self) -> Path:
        return self.folder / "database.dump"


@dataclass(frozen=True)
class Restored:
    name: str
    tables: int
    rows: int
    files: int
    held: int
    seconds: float
    size: int
    keys_changed: bool = False

    @property
    def minutes_per_gb(self) -> float:
        return self.seconds / 60 / max(self.size / 1024**3, 1e-9)


def restore(origin: Origin, wanted: str = "latest", place: str = "") -> Restored:
    """Everything back, then safe mode. Raises Failure before anything is touched when the backup is not good."""
    began = time.monotonic()
    shelf = Shelf(origin.place(place), origin.key, origin.scratch)
    name = shelf.find(wanted)
    with _unpacked(shelf, name, origin.scratch) as opened:
        entries = shelf.entries(name, opened.manifest["list_sha256"])
        _refuse_what_cannot_be(origin.owner_url, opened)
        _clear(origin.owner_url)
        _load(origin.owner_url, opened)
        held = _make_safe(origin.owner_url)
        migrate.upgrade(psycopg2_url(origin.owner_url), psycopg2_url(origin.app_url))
        _load_evolution(origin, opened)
        size = _put_back(origin, shelf, entries) + opened.manifest["database_bytes"]
        changed = _put_keys(origin, opened.keys)
        rows = sum(count for count, _checksum in opened.manifest["tables"].values())
        tables = len(opened.manifest["tables"])
    return Restored(name, tables, rows, len(entries), held, time.monotonic() - began, size, changed)


def drill(origin: Origin, wanted: str = "latest", place: str = "") -> Restored:
    """The same into a server that is thrown away, with every figure compared. Touches nothing of ours."""
    began = time.monotonic()
    try:
        restored = _drill(origin, wanted, place, began)
    except Failure as failure:
        state.remember(origin.data, "drill", at=clock.now().isoformat(), ok=False, error=str(failure))
        raise
    state.remember(
        origin.data, "drill", at=clock.now().isoformat(), ok=True, name=restored.name, rows=restored.rows,
        files=restored.files, seconds=restored.seconds,
    )  # fmt: skip
    return restored


def _drill(origin: Origin, wanted: str, place: str, began: float) -> Restored:
    shelf = Shelf(origin.place(place), origin.key, origin.scratch)
    name = shelf.find(wanted)
    with _unpacked(shelf, name, origin.scratch) as opened, _throwaway(origin.scratch, opened) as owner_url:
        _load(owner_url, opened)
        held = _make_safe(owner_url)
        _keys_open_secrets(owner_url, opened.keys)
        entries = shelf.entries(name, opened.manifest["list_sha256"])
        _objects_are_there(shelf, entries)
        rows = sum(count for count, _checksum in opened.manifest["tables"].values())
        size = opened.manifest["database_bytes"]
        tables = len(opened.manifest["tables"])
    return Restored(name, tables, rows, len(entries), held, time.monotonic() - began, size)


@contextmanager
def _unpacked(shelf: Shelf, name: str, scratch: Path) -> Iterator[Opened]:
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        with shelf.opened(name) as archive, tarfile.open(fileobj=archive) as tar:
            _extract(tar, Path(folder))
        manifest, keys = (json.loads((Path(folder) / f"{part}.json").read_text()) for part in ("manifest", "keys"))
        yield Opened(Path(folder), manifest, keys)


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """By the names that we know; Python's own filters are newer than Debian 12's Python."""
    for name in ("manifest.json", "keys.json", "database.dump", "evolution.dump"):
        if name in tar.getnames() and (member := tar.extractfile(name)) is not None:
            with member, (folder / name).open("wb") as target:
                shutil.copyfileobj(member, target)


def _refuse_what_cannot_be(owner_url: str, opened: Opened) -> None:
    with closing(psycopg2.connect(plain(owner_url))) as connection, connection.cursor() as cursor:
        if _is_used(cursor):
            raise Failure(
                f"O banco {tools.named(owner_url)} não está vazio (not empty): restaure num banco novo "
                "(createdb) ou, com o banco embutido, mova a pasta pg* de RECADO_DATA"
            )
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (opened.manifest["app_role"],))
        if not cursor.fetchone()[0]:
            raise Failure(f"Falta o papel {opened.manifest['app_role']} no servidor (role is missing): crie-o antes")
    known = {script.revision for script in ScriptDirectory(str(migrate.FOLDER)).walk_revisions()}
    if opened.manifest["revision"] not in known:
        raise Failure("A cópia é de uma versão mais nova do Recado (newer version): instale essa versão antes")


def _is_used(cursor: Any) -> bool:
    cursor.execute(_TABLES)
    if not cursor.fetchone()[0]:
        return False
    try:
        cursor.execute(_USED)
    except psycopg2.Error:  # tables, but not ours
        cursor.connection.rollback()
        return True
    return bool(cursor.fetchone()[0])


def _clear(owner_url: str) -> None:
    with closing(psycopg2.connect(plain(owner_url))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_CLEAR)


def _load(owner_url: str, opened: Opened) -> None:
    tools.restore(owner_url, opened.dump, made_by=opened.manifest["dump_version"])
    wrong = census.differences(opened.manifest["tables"], census.of(owner_url))
    if wrong:
        raise Failure(f"O banco restaurado não confere (differs): {'; '.join(wrong[:5])}")


def _make_safe(owner_url: str) -> int:
    """How many unfinished messages are held."""
    with closing(psycopg2.connect(plain(owner_url))) as connection, connection, connection.cursor() as cursor:
        for statement in _SAFE:
            cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _load_evolution(origin: Origin, opened: Opened) -> None:
    dump = opened.folder / "evolution.dump"
    if dump.exists() and origin.evolution_url:
        tools.restore(origin.evolution_url, dump, made_by=opened.manifest["evolution_dump_version"])


def _put_back(origin: Origin, shelf: Shelf, entries: list[Entry]) -> int:
    total = 0
    for entry in entries:
        with shelf.opened(entry.object_name) as file:
            total += origin.trees[entry.tree].put(entry.key, file, "application/octet-stream")
    return total


def _put_keys(origin: Origin, keys: dict[str, str]) -> bool:
    """Into `secrets.env`, where the made-up ones of a new machine give way. True when they were others."""
    if all(origin.keys.get(name) == value for name, value in keys.items()):
        return False
    file = origin.data / "secrets.env"
    lines = file.read_text().splitlines() if file.exists() else []
    if file.exists():
        shutil.copy2(file, origin.data / "secrets.env.before-restore")
    kept = [line for line in lines if line.partition("=")[0] not in keys]
    file.touch(0o600)
    file.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in keys.items())]) + "\n")
    return True


@contextmanager
def _throwaway(scratch: Path, opened: Opened) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=scratch, prefix="drill-") as folder:
        server = postgres.start(Path(folder), postgres.THROWAWAY | {"max_connections": "20"})
        try:
            with closing(psycopg2.connect(server.superuser_url)) as connection, connection.cursor() as cursor:
                connection.autocommit = True
                role = opened.manifest["app_role"]
                cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (role,))
                if not cursor.fetchone()[0]:
                    cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            yield server.owner_url
        finally:
            server.stop()


def _keys_open_secrets(owner_url: str, keys: dict[str, str]) -> None:
    """The keys in the backup are those that closed the credentials in it."""
    names = [name for name in keys.get("ENCRYPTION_KEYS", "").split(",") if name.strip()]
    if not names:
        return
    box = MultiFernet([Fernet(name.strip()) for name in names])
    with closing(psycopg2.connect(plain(owner_url))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM instances WHERE credentials IS NOT NULL")
        for (sealed,) in cursor:
            try:
                box.decrypt(bytes(sealed))
            except InvalidToken:
                raise Failure("As chaves da cópia não abrem as credenciais que estão nela (keys don't match)") from None


def _objects_are_there(shelf: Shelf, entries: list[Entry]) -> None:
    missing = {entry.object_name for entry in entries} - shelf.objects()
    if missing:
        raise Failure(f"Faltam {len(missing)} arquivos no lugar das cópias (files are missing)")
    for entry in random.SystemRandom().sample(entries, min(SAMPLE, len(entries))):
        with shelf.opened(entry.object_name) as file:
            found = file.seek(0, 2)
        if entry.size and found != entry.size:
            raise Failure(f"Um arquivo da cópia não tem o tamanho que tinha (size differs): {entry.key}")
