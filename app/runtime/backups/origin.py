"""What is backed up, and where to: read from the settings."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from app.config import Config
from app.core.storage import Storage, make_storage
from app.core.storage.local import LocalStorage
from app.runtime import addresses, checks, lock, postgres
from app.runtime.folders import private_folder
from app.runtime.settings import Settings

# What makes sense of the rest: without them credentials stay closed and everybody is signed out.
KEYS = ("SECRET_KEY", "ENCRYPTION_KEYS")


@dataclass(frozen=True)
class Origin:
    """An installation as its backups see it. `trees`: where its files are; `places`: where backups are kept."""

    owner_url: str
    app_url: str
    evolution_url: str
    data: Path
    key: str = field(repr=False)
    keys: dict[str, str] = field(repr=False)
    trees: dict[str, Storage]
    places: dict[str, Storage]

    @property
    def scratch(self) -> Path:
        return private_folder(self.data / "tmp")

    def place(self, url: str = "") -> Storage:
        """The one asked for, else the first of BACKUP_URL."""
        return make_storage(url, self.data) if url else next(iter(self.places.values()))


def of(settings: Settings, owner_url: str, app_url: str) -> Origin:
    env = settings.env
    urls = [url.strip() for url in (env.get("BACKUP_URL") or f"file:{settings.data}/backups").split(",")]
    media = make_storage(env.get("STORAGE_URL") or Config.storage_url, settings.data)
    return Origin(
        owner_url=owner_url,
        app_url=app_url,
        evolution_url=env.get("EVOLUTION_DATABASE_URL", ""),
        data=settings.data,
        key=env.get("BACKUP_KEY", ""),
        keys={name: env[name] for name in KEYS if env.get(name)},
        trees={"media": media, "files": LocalStorage(settings.data / "files")},
        places={url: make_storage(url, settings.data) for url in urls if url},
    )


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Origin]:
    """With a database that answers: the operator's, the running embedded one, or that one started for the while."""
    if settings.database_url:
        checks.database_answers(settings.owner_url, "MIGRATION_DATABASE_URL")
        yield of(settings, settings.owner_url, settings.database_url)
        return
    where = addresses.of(settings)
    if _answers(where.owner_url):
        yield of(settings, where.owner_url, where.database_url)
        return
    with contextlib.closing(lock.take(settings.data)):
        server = postgres.start(settings.data)
        try:
            yield of(settings, where.owner_url, where.database_url)
        finally:
            server.stop()


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.Error:
        return False
    return True
