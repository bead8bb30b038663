"""One thing after the other on a machine at rest, with all sockets open: what each of them costs."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from benchmarks.load import crowd, people
from benchmarks.load.crowd import Watcher, Worker
from benchmarks.load.customers import AT_ONCE, Customers
from benchmarks.load.mix import Mix
from benchmarks.load.people import Cast
from benchmarks.load.probes import Probes, repeat
from benchmarks.load.sheets import Sheets
from benchmarks.load.site import Site

TALK, WORD, SEND = "conversa nova (primeiras palavras)", "palavra de cliente", "mensagem de campanha, com recibos"
NOTE, ROW, IDLE = "nota de voz, com envio e recibos", "linha importada", "mil sockets parados, por segundo"
WALKED = ("/", "/inbox?tab", "/contacts", "/contacts?q", "/campaigns", "/instances", "/metrics")
_FULL = {"/inbox?tab": "/inbox?tab=all", "/contacts?q": "/contacts?q=maria+11"}
_PACE = 0.1  # seconds between two answers
_GAP = 0.025  # seconds between two pages: nginx lets one address have fifty a second
_SETTLE = 0.5  # seconds after what nothing follows from
InApp = Callable[..., Awaitable[None]]


@dataclass
class Alone:
    site: Site
    cast: Cast
    mix: Mix
    probes: Probes
    customers: Customers
    sheets: Sheets

    async def measure(self, somebody: Worker, watcher: Watcher, in_app: InApp) -> None:
        """`in_app` calls a verb of people.py."""
        cost, self._in_app = self.probes.cost, in_app
        await cost(TALK, lambda _seconds: self._first_words())
        await cost(WORD, self._words)
        for kind, path, form in _asked(self._tickets()[0]):
            await self._ask(somebody, kind, path, form)
        for kind, part in ((crowd.PROGRESS, "progress"), (crowd.LEDGER, "ledger")):
            await self._ask(watcher, kind, f"/campaigns/{self.cast.runs[0][1]}/{part}")
        await cost(crowd.REPLY, lambda seconds: self._replies(somebody, seconds))
        await cost(SEND, lambda seconds: self._sent(seconds * 2))
        await cost(NOTE, self._notes)
        await cost(ROW, self._rows)

    async def _ask(self, who: Worker, kind: str, path: str, form: dict[str, str] | None = None) -> None:
        is_part = not kind.startswith(crowd.PAGE)

        async def once() -> None:
            since = time.perf_counter()
            await who.ask("", path, form, part=is_part)
            await asyncio.sleep(max(0.0, _GAP - (time.perf_counter() - since)))

        await self.probes.cost(kind, lambda seconds: repeat(seconds / 2, once), _SETTLE)

    async def _first_words(self) -> float:
        """They are dearer than later ones: a conversation, its queue, its person."""
        await self.customers.write(60 * AT_ONCE * self.mix.customers / self.mix.words + 0.1, self.mix.words)
        return self.mix.customers

    async def _words(self, seconds: float) -> float:
        before = len(self.customers.dues)
        await self.customers.write(seconds, self.mix.words)
        return len(self.customers.dues) - before

    async def _replies(self, somebody: Worker, seconds: float) -> float:
        tickets = itertools.cycle(self._tickets())

        async def once() -> None:
            key = {"client_key": f"probe-{time.time_ns()}", "type": "text", "body": "Já vejo isso para você."}
            await somebody.ask("", f"/inbox/{next(tickets)}/reply", key)
            await somebody.rest((_PACE, _PACE))

        return await repeat(seconds, once)

    async def _sent(self, seconds: float, *, spoken: bool = False) -> float:
        before = gone(self.site)
        await self._in_app(people.resume, spoken)
        await repeat(seconds, lambda: asyncio.sleep(0.5))
        await self._in_app(people.pause, spoken)
        await asyncio.sleep(2)
        return gone(self.site) - before

    async def _notes(self, seconds: float) -> float:
        """Audios are made ahead of the sending: they are what is counted."""
        before = notes(self.site, self.cast)
        await self._sent(seconds * 2, spoken=True)
        return notes(self.site, self.cast) - before

    async def _rows(self, _seconds: float) -> float:
        await self.sheets.bring(once=True)
        return self.mix.import_rows

    def _tickets(self) -> list[str]:
        with self.site.servers.cursor(self.site.servers.superuser_url) as cursor:
            cursor.execute("SELECT id::text FROM tickets WHERE status <> 'closed' LIMIT 200")
            return [row[0] for row in cursor.fetchall()]


def gone(site: Site) -> float:
    """Messages that left, of everybody."""
    return float(
        site.servers.scalar("SELECT count(*) FROM messages WHERE sent_at IS NOT NULL AND direction = 'outbound'")
    )


def notes(site: Site, cast: Cast) -> float:
    """Audios ready to go or gone."""
    of = f"campaign_id = '{cast.spoken}' AND media_id IS NOT NULL"
    return float(site.servers.scalar(f"SELECT count(*) FROM messages WHERE {of}"))


def _asked(ticket: str) -> Iterator[tuple[str, str, dict[str, str] | None]]:
    """(kind, address, form): what browsers ask for, under the names of crowd.py."""
    for path in WALKED:
        yield f"{crowd.PAGE} {path}", _FULL.get(path, path), None
    yield crowd.LIST, "/inbox/list?limit=40", None
    yield crowd.OPEN, f"/inbox/{ticket}", None
    yield crowd.THREAD, f"/inbox/{ticket}/thread", None
    yield crowd.PARTS, f"/inbox/{ticket}/parts", None
    yield crowd.BOARD, "/dashboard/now", None
    yield crowd.READ, f"/inbox/{ticket}/read", {}
