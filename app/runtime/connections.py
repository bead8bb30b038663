"""How many database connections an installation opens at most: docs/sizing.md, “Conexões com o banco”."""

import re
from collections.abc import Iterable
from pathlib import Path

from app.runtime import programs
from app.runtime.settings import PROJECT

TARGET = PROJECT / "systemd" / "recado.target"
# What a worker's threads need at once: the sender's eight servers, its shift, its recorder and its heart each keep one,
# and probes come on top. With fewer it stands still. The others: a job, and what it asks beside its transaction.
POOLS = {"send": 16, "voice": 8}
POOL = 6
# The clock's lock, a backup, whoever looks by hand, and what PostgreSQL keeps for its superuser.
SPARE = 20


def pool_of(queue: str) -> int:
    """Of the worker of that queue. SQL_POOL_SIZE is a web process's: whoever lowers it must not starve the senders."""
    return POOLS.get(queue, POOL)


def most(webs: int, workers: Iterable[str], configured: int) -> int:
    """`configured`: SQL_POOL_SIZE. A web process has that for its pages and as many for the door of the webhooks."""
    return webs * 2 * configured + sum(map(pool_of, workers)) + SPARE


def installed(target: Path = TARGET) -> tuple[int, list[str]]:
    """(web processes, queue of each worker) of the units, the clock included."""
    wanted = target.read_text()
    workers = re.findall(r"recado-worker@([a-z]+)(?:-\d+)?\.service", wanted)
    return len(re.findall(r"recado-web@\d+\.service", wanted)), [*workers, "cron"]


def embedded() -> tuple[int, list[str]]:
    """The same of `make run`."""
    return 1, [names[0] for names in programs.WORKERS] + ["cron"]
