"""Arithmetic over what was measured: what one core carries, and how cost grows. The report says which is which."""

import math
from dataclasses import dataclass

from app.runtime import connections
from benchmarks.load import crowd
from benchmarks.load.alone import NOTE, ROW, SEND, WORD
from benchmarks.load.drive import Found
from benchmarks.load.meter import OURS
from benchmarks.load.site import POOL

FULLEST = 0.6  # of a core: beyond it whoever asks waits for whoever asked before
OTHERS = ("default", "voice", "bulk", "hooks", "cron")
WORKING_MINUTES = 10 * 60 * 22  # of a month
PAGE_KINDS = f"{crowd.PAGE} "


@dataclass(frozen=True)
class Sum:
    """Cores of the mix: what the single costs add up to, and what was seen."""

    added: float
    seen: float


@dataclass(frozen=True)
class Size:
    """An installation for so many users, computed. Memory in GB, growth in GB a month."""

    users: int
    cores: float
    database_cores: float
    webs: int
    events: int
    senders: int
    connections: int
    memory: float
    growth: float

    @property
    def wanted_cores(self) -> int:
        return math.ceil(self.cores / FULLEST)


def rates(found: Found) -> dict[str, float]:
    """How many a second of each kind that was measured by itself; pages that were not cost as much as the others."""
    seconds, known = found.seconds, {cost.unit for cost in found.probes.costs}
    many = {kind: len(waits) / seconds for kind, waits in found.timings.waits.items() if kind in known}
    return many | {kind: found.done[kind] / seconds for kind in (WORD, SEND, NOTE, ROW)}


def added_up(found: Found) -> Sum:
    costs = {cost.unit: cost.whole for cost in found.probes.costs}
    many = rates(found)
    pages = [cost for unit, cost in costs.items() if unit.startswith(PAGE_KINDS)]
    others = sum(
        len(waits) / found.seconds
        for kind, waits in found.timings.waits.items()
        if kind.startswith(PAGE_KINDS) and kind not in costs
    )
    work = sum(rate * costs[kind] for kind, rate in many.items()) + others * sum(pages) / max(1, len(pages))
    return Sum(sum(found.probes.rest.values()) + work / 1000, cores(found))


def cores(found: Found, *kinds: str) -> float:
    """Used in the mix, by these kinds of process or by all of ours."""
    return sum(found.use[kind].cpu for kind in kinds or OURS if kind in found.use) / found.seconds


def size(found: Found, users: int) -> Size:
    """Everything in proportion to the users, from what was seen in the mix."""
    times = users / 1000 / found.mix.scale
    webs = max(1, math.ceil(cores(found, "web") * times / FULLEST))
    events = max(1, math.ceil(cores(found, "events") * times / FULLEST))
    senders = max(1, math.ceil(cores(found, "send") * times / FULLEST))
    queues = [*("events",) * events, *("send",) * senders, *OTHERS]
    return Size(
        users=users,
        cores=cores(found) * times,
        database_cores=cores(found, "postgres") * times,
        webs=webs,
        events=events,
        senders=senders,
        connections=connections.most(webs, queues, POOL),
        memory=_memory(found, users, webs, len(queues)),
        growth=message_bytes(found) * messages_a_minute(found) * times * WORKING_MINUTES / 2**30,
    )


def _memory(found: Found, users: int, webs: int, workers: int) -> float:
    """Without PostgreSQL's own, which is what one gives it. The sockets are in what the web processes used."""
    web, worker = found.use["web"], found.use["events"]
    sockets = found.mix.idle_sockets * found.socket_kb * 1024
    bare = max(0, web.memory - sockets) / web.processes
    return (webs * bare + users * found.socket_kb * 1024 + workers * worker.memory) / 2**30


def messages_a_minute(found: Found) -> float:
    """In and out."""
    replies = len(found.timings.waits[crowd.REPLY])
    return (found.done[WORD] + found.done[SEND] + replies) * 60 / found.seconds


def message_bytes(found: Found) -> float:
    """What the database grew by for each message and all that belongs to it: without the people of the sheets."""
    return found.grown / max(1.0, messages_a_minute(found) * found.seconds / 60)
