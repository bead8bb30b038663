"""Database, Redis and WhatsApp gateway of a run: the operator's where given, else ours."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.runtime import checks, postgres, programs, valkey
from app.runtime.failure import Failure
from app.runtime.programs import Program
from app.runtime.settings import Settings


@dataclass
class Backing:
    """`env` is what the application reads; `ready` holds waits to make once the servers are started."""

    env: dict[str, str] = field(default_factory=dict)
    servers: list[Program] = field(default_factory=list)
    simulator: list[str] | None = None
    # Kept inside the embedded database's folder, so that it goes where the data goes.
    stamp: Path | None = None
    ready: list[Callable[[], None]] = field(default_factory=list)


def prepare(settings: Settings) -> Backing:
    """Check what was given and prepare what was not; starts nothing."""
    backing = Backing(dict(settings.env))
    _database(settings, backing)
    _redis(settings, backing)
    _gateway(settings, backing)
    return backing


def _database(settings: Settings, backing: Backing) -> None:
    if settings.database_url:
        checks.database_answers(settings.database_url)
        checks.application_role(settings.database_url)
        if not settings.owner_url:
            raise Failure("Com DATABASE_URL, defina também MIGRATION_DATABASE_URL (owner role, for migrations)")
        checks.database_answers(settings.owner_url, "MIGRATION_DATABASE_URL")
        return
    cluster = postgres.prepare(settings.data)
    backing.env |= {"DATABASE_URL": cluster.app_url, "MIGRATION_DATABASE_URL": cluster.owner_url}
    backing.env["RECADO_EMBEDDED"] = "1"
    backing.stamp = cluster.data / "recado.installed"
    backing.servers += programs.servers(postgres=cluster.command(), valkey=None)
    backing.ready.append(lambda: postgres.wait_until_ready(cluster.app_url))


def _redis(settings: Settings, backing: Backing) -> None:
    if settings.redis_url:
        checks.redis_answers(settings.redis_url)
        return
    cache = valkey.prepare(settings.data)
    backing.env["REDIS_URL"] = cache.url
    backing.servers += programs.servers(postgres=None, valkey=cache.command())
    backing.ready.append(lambda: valkey.wait_until_ready(cache.url))


def _gateway(settings: Settings, backing: Backing) -> None:
    if settings.evolution_url:
        return
    port = _free_port(settings.port + 1)
    backing.env |= {
        "EVOLUTION_API_URL": f"http://127.0.0.1:{port}",
        "EVOLUTION_API_KEY": settings.env["SIMULATOR_KEY"],
        "RECADO_SIMULATED": "1",
    }
    backing.simulator = programs.simulator_command(port, _simulator_folder(settings))


def _simulator_folder(settings: Settings) -> Path:
    folder = settings.data / "simulator"
    folder.mkdir(exist_ok=True)
    return folder


def _free_port(wanted: int) -> int:
    """That one, so that its page keeps its address, or any when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Failure("Nenhuma porta livre para o simulador (no free port)")
