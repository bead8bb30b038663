"""Each thing by itself on a machine at rest: what one of it costs in processor time, over all processes of ours."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.load.meter import OURS, Meter, Use

SETTLE_SECONDS = 3.0


@dataclass(frozen=True)
class Cost:
    """Milliseconds of processor for one `unit`, by kind of process. `count`: how many were measured."""

    unit: str
    count: float
    shares: dict[str, float]

    @property
    def whole(self) -> float:
        return sum(self.shares.values())


@dataclass
class Probes:
    """`rest`: what everything uses while nothing happens, in cores by kind; taken off every other cost."""

    seconds: float
    rest: dict[str, float]
    costs: list[Cost]

    async def at_rest(self) -> None:
        use, took = await _measured(asyncio.sleep, self.seconds)
        self.rest = {kind: one.cpu / took for kind, one in use.items() if kind in OURS}

    async def cost(self, unit: str, work: Callable[[float], Awaitable[float]], settle: float = SETTLE_SECONDS) -> Cost:
        """`work` goes on for some seconds and answers how many it did; what follows from it (receipts, news) counts."""
        done = 0.0

        async def both(seconds: float) -> None:
            nonlocal done
            done = await work(seconds)
            await asyncio.sleep(settle)

        use, took = await _measured(both, self.seconds)
        shares = {
            kind: max(0.0, one.cpu - self.rest.get(kind, 0.0) * took) * 1000 / (done or 1)
            for kind, one in use.items()
            if kind in OURS
        }
        self.costs.append(Cost(unit, done, shares))
        return self.costs[-1]


async def _measured(work: Callable[[float], Awaitable[None]], seconds: float) -> tuple[dict[str, Use], float]:
    meter = Meter()
    meter.start()
    await work(seconds)
    return meter.stop(), meter.seconds


async def repeat(seconds: float, once: Callable[[], Awaitable[object]]) -> float:
    """One after the other for so long; how many."""
    count, ends = 0, time.perf_counter() + seconds
    while time.perf_counter() < ends:
        await once()
        count += 1
    return count
