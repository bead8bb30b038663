"""What was asked and how long it took; what each kind of process used meanwhile."""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import psutil

KINDS = ("web", "nginx", "events", "send", "default", "voice", "bulk", "hooks", "cron", "postgres", "valkey",
         "simulator", "generator")  # fmt: skip
OURS = KINDS[:11]  # what an installation runs; the last two are the test itself
SAMPLE_SECONDS = 10.0


@dataclass
class Timings:
    """Seconds by kind of request. Nothing is kept while `is_open` is False."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    troubles: Counter[tuple[str, str]] = field(default_factory=Counter)
    is_open: bool = False

    def note(self, kind: str, seconds: float) -> None:
        if self.is_open:
            self.waits[kind].append(seconds)

    def trouble(self, kind: str, what: str) -> None:
        if self.is_open:
            self.troubles[kind, what] += 1


@dataclass
class Use:
    """Of one kind of process over a stretch of time."""

    processes: int
    cpu: float
    memory: int


@dataclass
class Meter:
    """Processor and memory by kind. Memory is the greatest proportional share seen (shared pages counted once)."""

    _before: dict[str, float] = field(default_factory=dict)
    _since: float = 0.0
    _memory: dict[str, int] = field(default_factory=dict)
    _idle: float = 0.0
    seconds: float = 0.0
    busy: float = 0.0  # of all cores

    def start(self) -> None:
        self._before, self._since, self._memory = _cpu(), time.perf_counter(), {}
        self._idle = psutil.cpu_times().idle

    def stop(self) -> dict[str, Use]:
        after, self.seconds = _cpu(), time.perf_counter() - self._since
        self.busy = 1 - (psutil.cpu_times().idle - self._idle) / self.seconds / (psutil.cpu_count() or 1)
        self.look()
        found = _processes()
        return {
            kind: Use(len(found[kind]), after.get(kind, 0.0) - self._before.get(kind, 0.0), self._memory.get(kind, 0))
            for kind in KINDS
            if found[kind]
        }

    def look(self) -> None:
        for kind, members in _processes().items():
            used = sum(_memory(one) for one in members)
            self._memory[kind] = max(used, self._memory.get(kind, 0))

    async def keep_looking(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            self.look()


def memory_of(kind: str) -> int:
    return sum(_memory(one) for one in _processes()[kind])


def _processes() -> dict[str, list[psutil.Process]]:
    found: dict[str, list[psutil.Process]] = defaultdict(list)
    me = psutil.Process()
    found["generator"].append(me)
    for child in me.children():
        with contextlib.suppress(psutil.Error):
            if kind := _kind(child.cmdline()):
                found[kind] += [child, *child.children(recursive=True)]
    return found


def _kind(command: list[str]) -> str:
    words = " ".join(command)
    if "worker.py" in command:
        return command[command.index("worker.py") + 1].partition("-")[0]
    named = {
        "wsgi.py": "web",
        "-m simulator": "simulator",
        "nginx": "nginx",
        "valkey": "valkey",
        "postgres": "postgres",
    }
    return next((kind for mark, kind in named.items() if mark in words), "")


def _cpu() -> dict[str, float]:
    """Seconds so far, those of children that ended included: a parent inherits them."""
    totals: dict[str, float] = defaultdict(float)
    for kind, members in _processes().items():
        for one in members:
            with contextlib.suppress(psutil.Error):
                used = one.cpu_times()
                totals[kind] += used.user + used.system
                if kind != "generator":  # its children are everybody
                    totals[kind] += used.children_user + used.children_system
    return totals


def _memory(one: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(one.memory_full_info().pss)
    return 0
