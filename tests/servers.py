"""Real PostgreSQL and Valkey for the tests: one database server per run, one database per worker."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from app.runtime import postgres, valkey

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = postgres.DATABASE


@dataclass(frozen=True)
class Urls:
    """One database, seen by the three roles."""

    name: str
    superuser_url: str
    owner_url: str
    app_url: str


def run_folder() -> Path:
    """One folder for the whole run, whatever the number of xdist workers."""
    controller = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"recado-tests-{os.getuid()}-{controller}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(folder: Path, name: str = "lock") -> Iterator[None]:
    with (folder / name).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def shared_cluster(migrate: Callable[[Urls], None] | None = None) -> postgres.Cluster:
    """The run's server, started by whoever comes first; its `recado` database, migrated, is the template.

    A keeper stops the server and removes the folder when the run's controller ends, however it ends.
    """
    folder = run_folder()
    with locked(folder):
        ready = folder / "ready"
        if not ready.exists():
            _keep(folder)
            cluster = _cluster(folder)
            if migrate is not None:
                migrate(urls(cluster, TEMPLATE))
            ready.touch()
    return _cluster(folder)


def urls(cluster: postgres.Cluster, name: str) -> Urls:
    roles = (postgres.SUPERUSER, postgres.OWNER, postgres.APP)
    return Urls(name, *(cluster.url(role, name) for role in roles))


def new_database(cluster: postgres.Cluster, name: str, template: str = TEMPLATE) -> Urls:
    """A copy of the template. Nobody may be connected to the template meanwhile."""
    with locked(run_folder(), "template-lock"):
        drop_database(cluster, name)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.Identifier(postgres.OWNER)
        )
        _as_superuser(cluster, statement)
    return urls(cluster, name)


def drop_database(cluster: postgres.Cluster, name: str) -> None:
    _as_superuser(cluster, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def valkey_server(folder: Path) -> Iterator[valkey.Server]:
    """A Valkey of one's own: publish and subscribe know no database numbers, so workers can't share one."""
    server = valkey.start(folder)
    try:
        yield server
    finally:
        server.stop()


def _cluster(folder: Path) -> postgres.Cluster:
    sockets = Path((folder / "sockets").read_text())
    return postgres.Cluster(folder / f"pg{postgres.major()}", sockets)


def _keep(folder: Path) -> None:
    controller = folder.name.rsplit("-", 1)[1]
    command = [sys.executable, "-m", "tests.servers", str(folder), controller]
    keeper = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdout is not None
    if keeper.stdout.readline() != b"ready\n":
        raise RuntimeError("the test database did not start")


def _as_superuser(cluster: postgres.Cluster, statement: sql.Composable) -> None:
    with contextlib.closing(psycopg2.connect(cluster.url(postgres.SUPERUSER, "postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def main(folder: Path, controller: int) -> None:
    server = postgres.start(folder, postgres.THROWAWAY)
    (folder / "sockets").write_text(str(server.cluster.sockets))
    print("ready", flush=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(controller).wait()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
