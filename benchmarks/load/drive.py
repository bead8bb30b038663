"""The run itself: everything by itself, then everything together, then the last word of everybody."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from benchmarks import seeds
from benchmarks.browsers import Sockets
from benchmarks.load import database, people, verdict
from benchmarks.load.alone import IDLE, NOTE, ROW, SEND, WORD, Alone, gone, notes
from benchmarks.load.crowd import REPLY, Attendant, InInbox, Walker, Watcher, Worker
from benchmarks.load.customers import Customer, Customers
from benchmarks.load.meter import Meter, Timings, Use, memory_of
from benchmarks.load.mix import Mix
from benchmarks.load.people import Cast
from benchmarks.load.probes import Probes
from benchmarks.load.sheets import Sheets
from benchmarks.load.site import Site
from benchmarks.load.verdict import Count

SETTLE_SECONDS = 240
LAST_LOOK_SECONDS = 5
SOCKET_ROUND_SECONDS = 30


@dataclass
class Found:
    """What a run brought to light; paper.py writes it down."""

    mix: Mix
    timings: Timings
    probes: Probes
    socket_kb: float = 0.0
    seconds: float = 0.0
    use: dict[str, Use] = field(default_factory=dict)
    counts: list[Count] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    sheets: list[tuple[int, float]] = field(default_factory=list)
    done: dict[str, float] = field(default_factory=dict)  # how many of each thing the mix held
    size: tuple[int, int] = (0, 0)
    grown: int = 0  # bytes of what belongs to messages
    tables: list[tuple[str, int]] = field(default_factory=list)
    busiest: list[database.Statement] = field(default_factory=list)
    slowest: list[database.Statement] = field(default_factory=list)
    connections: int = 0
    settled: float = 0.0
    busy: float = 0.0  # of the whole machine, the test itself included


class Drive:
    def __init__(self, app: Flask, site: Site, cast: Cast, mix: Mix, sheets_token: str) -> None:
        self.app, self.site, self.cast, self.mix = app, site, cast, mix
        self.timings = Timings()
        self.found = Found(mix, self.timings, Probes(mix.probe_seconds, {}, []))
        numbers = cast.shop_numbers
        everybody = [Customer(seeds.phone_of(n), numbers[n % len(numbers)]) for n in range(mix.customers)]
        self.customers = Customers(site, everybody, self.timings)
        self.sheets = Sheets(site, sheets_token, mix.import_rows)
        self.idle = Sockets(site.port, lambda *_heard: None, trust=site.trust)
        self.workers: list[Worker] = []
        self._address = 9

    async def run(self) -> Found:
        await self._idle_sockets()
        await self._sign_in()
        say("each thing by itself")
        await Alone(self.site, self.cast, self.mix, self.found.probes, self.customers, self.sheets).measure(
            self.workers[-1], next(one for one in self.workers if isinstance(one, Watcher)), self._in_app
        )
        await self._together()
        await self._settle()
        self._judge()
        for one in self.workers:
            await one.close()
        await self.idle.close()
        return self.found

    def _next_address(self) -> str:
        self._address += 1
        return f"127.0.1.{self._address}"

    async def _idle_sockets(self) -> None:
        await self.found.probes.at_rest()
        before = memory_of("web")
        say(f"{self.mix.idle_sockets} sockets")
        await self.idle.open(self.cast.idle)
        await asyncio.sleep(2)
        self.found.socket_kb = (memory_of("web") - before) / 1024 / self.mix.idle_sockets
        await self.found.probes.cost(IDLE, self._sockets_alone)
        await self.found.probes.at_rest()  # from here on the sockets are part of the furniture

    async def _sockets_alone(self, _seconds: float) -> float:
        """As long as the round in which every socket's heart beats and every session is looked at."""
        await asyncio.sleep(SOCKET_ROUND_SECONDS)
        return self.mix.idle_sockets / 1000 * SOCKET_ROUND_SECONDS

    async def _sign_in(self) -> None:
        """A few at a time: ten passwords at once are a benchmark of its own."""
        cast, given = self.cast, lambda email: (self.site, email, self._next_address(), self.timings)
        managers = iter(cast.managers)
        self.attendants = [Attendant(*given(email)) for email in cast.attendants]
        self.supervisors = [InInbox(*given(next(managers))) for _ in range(self.mix.supervisors)]
        watchers = [Watcher(campaign, *given(company.emails["admin"])) for company, campaign in self._watched()]
        walkers = [Walker(*given(email)) for email in managers]
        self.workers = [*self.attendants, *self.supervisors, *watchers, *walkers]
        say(f"{len(self.workers)} browsers")
        self.timings.is_open = True  # signing in belongs to the figures
        for first in range(0, len(self.workers), 4):
            await asyncio.gather(*(one.sign_in() for one in self.workers[first : first + 4]))
        self.timings.is_open = False

    def _watched(self) -> list[tuple[Any, Any]]:
        runs = self.cast.runs
        return [runs[n % len(runs)] for n in range(self.mix.watchers)]

    async def _together(self) -> None:
        seconds = self.mix.minutes * 60
        say(f"everything together, {self.mix.minutes:g} minutes")
        for spoken in (False, True):
            await self._in_app(people.resume, spoken)
        working = [asyncio.create_task(one.work()) for one in self.workers]
        importing = asyncio.create_task(self.sheets.bring())
        self.sheets.done.clear()
        database.watch(self.site)
        before, words, left = database.size(self.site), set(self.customers.dues), gone(self.site)
        self.found.grown = -database.talk_size(self.site)
        spoken_before = notes(self.site, self.cast)
        self.timings.is_open = True
        meter, looking = Meter(), None
        meter.start()
        looking = asyncio.create_task(meter.keep_looking())
        await self.customers.write(seconds, self.mix.words)
        looking.cancel()
        self.found.use, self.found.seconds, self.found.busy = meter.stop(), meter.seconds, meter.busy
        self.timings.is_open = False
        self.found.size = (before, database.size(self.site))
        self.found.grown += database.talk_size(self.site)
        self.found.connections = database.connections(self.site)
        self.found.busiest, self.found.slowest = database.busiest(self.site), database.slowest(self.site)
        self.found.done = {
            WORD: len(self.customers.dues) - len(words),
            SEND: gone(self.site) - left - len(self.timings.waits[REPLY]),
            NOTE: notes(self.site, self.cast) - spoken_before,
            ROW: sum(rows for rows, _took in self.sheets.done),
        }
        self._ends, self._before = (working, importing), words

    async def _settle(self) -> None:
        """The crowd reads what is left; what waits to be sent is called off; the rest arrives."""
        say("settling")
        since = time.perf_counter()
        await self._in_app(people.cancel)
        self.sheets.is_over = True
        working, importing = self._ends
        await asyncio.sleep(LAST_LOOK_SECONDS)
        while self._waits() and time.perf_counter() - since < SETTLE_SECONDS:
            await asyncio.sleep(1)
        for one in self.workers:
            one.is_over = True
        await self._end([*working, importing])
        while self._waits() and time.perf_counter() - since < SETTLE_SECONDS:
            await asyncio.sleep(1)
        self.found.settled = time.perf_counter() - since

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Who broke down or never ends is told of in the report, which is written all the same."""
        ended, others = await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
        for one in others:
            one.cancel()
        broken = [repr(one.exception()) for one in ended if one.exception()]
        for what in [*broken, *["sem fim"] * len(others)]:
            self.timings.troubles["alguém parou no meio", what] += 1
        for what in self.sheets.failed:
            self.timings.troubles["planilha", what] += 1

    async def _in_app(self, verb: Callable[..., None], spoken: bool = False) -> None:
        def call() -> None:
            with self.app.app_context():
                verb(self.cast, spoken=spoken)

        await asyncio.to_thread(call)

    def _answering(self) -> set[str]:
        shop = self.cast.shop.tenant_id
        with self.site.servers.cursor(self.site.servers.superuser_url) as cursor:
            cursor.execute("SELECT external_name FROM instances WHERE tenant_id = %s", (str(shop),))
            return {row[0] for row in cursor.fetchall()}

    def _waits(self) -> bool:
        pending = self.site.play("GET", "/_sim/healthz")["webhooks"]["pending"]
        return bool(pending or database.left(self.site))

    def _judge(self) -> None:
        ledger = self.site.play("GET", "/_sim/ledger")
        found, site = self.found, self.site
        found.counts = [
            *verdict.words(site, self.customers.everybody),
            verdict.unread(self.attendants, site),
            *verdict.answers(self.attendants, ledger),
            *verdict.campaigns(site, ledger, self._answering()),
        ]
        dues = {name: due for name, due in self.customers.dues.items() if name not in self._before}
        found.told = verdict.told_waits(self.attendants, dues, site)
        found.answered = verdict.answer_waits(self.attendants, ledger)
        found.sheets = self.sheets.done
        found.tables = database.tables(site)


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)
