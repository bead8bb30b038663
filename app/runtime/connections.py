"""How many database connections an installation opens at most: docs/sizing.md, “Conexões com o banco”."""

import re
from collections.abc import Iterable
from pathlib import Path

from app.runtime import programs
from app.runtime.settings import PROJECT

TARGET = PROJECT / "systemd" / "recado.target"
# A worker that has threads on the database, and the others (a job, what it asks beside its transaction, its heartbeat).
POOLS = {"send": 16, "voice": 8}
POOL = 6
# The clock's lock, a backup, whoever looks by hand, and what PostgreSQL keeps for its superuser.
SPARE = 20


def pool_of(queue: str, configured: int) -> int:
    """Of the worker of that queue: SQL_POOL_SIZE is a page server's, and a worker asks for no more than it can use."""
    return min(configured, POOLS.get(queue, POOL))


def most(webs: int, workers: Iterable[str], configured: int) -> int:
    """A web process has a pool for its pages and one more for the door of the webhooks."""
    return webs * 2 * configured + sum(pool_of(queue, configured) for queue in workers) + SPARE


def installed(target: Path = TARGET) -> tuple[int, list[str]]:
    """(web processes, queue of each worker) of the units, the clock included."""
    wanted = target.read_text()
    workers = re.findall(r"recado-worker@([a-z]+)(?:-\d+)?\.service", wanted)
    return len(re.findall(r"recado-web@\d+\.service", wanted)), [*workers, "cron"]


def embedded() -> tuple[int, list[str]]:
    """The same of `make run`."""
    return 1, [names[0] for names in programs.WORKERS] + ["cron"]
