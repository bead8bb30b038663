"""Customers who write, as their gateway tells it: in bursts, each word after the other, again until it hears 200."""

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass, field

import aiohttp

from benchmarks import seeds
from benchmarks.attending import AT_ONCE, Customer
from benchmarks.browsers import connector_from
from benchmarks.load.meter import Timings
from benchmarks.load.site import Site

ADDRESS = "127.0.0.9"
WEBHOOK = "aviso de mensagem (webhook)"
TRIES = 60


@dataclass
class Customers:
    """`dues`: when each word was due, by its id at the gateway."""

    site: Site
    everybody: list[Customer]
    timings: Timings
    dues: dict[str, float] = field(default_factory=dict)
    refused: int = 0

    async def write(self, seconds: float, per_minute: float) -> None:
        """Each customer keeps to their order: a burst begins when the one before was accepted."""
        connector = connector_from(ADDRESS, self.site.trust)
        locks = [asyncio.Lock() for _ in self.everybody]
        async with aiohttp.ClientSession(self.site.url, connector=connector) as http:
            started, bursts = time.time(), []
            for n in range(int(seconds * per_minute / 60 / AT_ONCE)):
                due = started + n * 60 * AT_ONCE / per_minute
                await asyncio.sleep(max(0.0, due - time.time()))
                turn = (n * 7) % len(self.everybody)
                bursts.append(asyncio.create_task(self._burst(http, self.everybody[turn], locks[turn], due)))
            await asyncio.gather(*bursts)

    async def _burst(self, http: aiohttp.ClientSession, who: Customer, lock: asyncio.Lock, due: float) -> None:
        async with lock:
            at = int(time.time())
            for _ in range(AT_ONCE):
                name = f"3A{uuid.uuid4().hex[:18].upper()}"
                self.dues[name] = due
                body = seeds.inbound(name, who.phone, at, f"palavra {len(who.said)}")
                await self._tell(http, who.number, body)
                who.said.append(name)

    async def _tell(self, http: aiohttp.ClientSession, number: uuid.UUID, body: bytes) -> None:
        headers, since = {"Authorization": f"Bearer {seeds.SECRET}"}, time.perf_counter()
        for _try in range(TRIES):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with http.post(f"/webhooks/evolution/{number}", data=body, headers=headers) as answer:
                    if answer.status == 200:
                        self.timings.note(WEBHOOK, time.perf_counter() - since)
                        return
                    self.timings.trouble(WEBHOOK, str(answer.status))
            await asyncio.sleep(0.5)
        self.refused += 1
