"""The inbox live: a thousand browsers connected, a customer writes twenty times a second, somebody says a word to all.

From the webhook's due time to the event in another browser; from a worker's word to a browser (relay); a broadcast to
everybody against eventlet's bare websockets; memory per socket against Socket.IO without an application.
"""

import asyncio
import contextlib
import json
import statistics
import time
import uuid
from collections.abc import Iterator

import aiohttp
import psutil

from app.accounts import queries
from app.accounts.service import pairs
from app.accounts.service.pairs import Keys
from app.accounts.service.sessions import Client
from app.core import realtime
from benchmarks import seeds
from benchmarks.browsers import Sockets
from benchmarks.common import Stack, free_port, percentile, process, wait_for_http, worker
from benchmarks.report import Row, main
from benchmarks.wire import open_loop, post
from tests.factories import Company, make_company

SOCKETS, WARM, LISTENING = 1_000, 100, 10
RATE, SECONDS = 20.0, 15.0
RELAYS, BROADCASTS = 200, 12
MOST_EVENT_MS, MOST_RELAY_MS = 300.0, 100.0
PHONES = 200


class Side:
    """One server with its sockets; `marks` collects what each heard of a numbered word."""

    def __init__(self, port: int, pid: int, *, is_bare: bool = False) -> None:
        self.port, self.sockets = port, Sockets(port, self._hear, is_bare=is_bare)
        self.marks: dict[str, list[float]] = {}
        self.heard: dict[str, float] = {}
        self._process = psutil.Process(pid)

    def _hear(self, event: str, payload: dict, at: float) -> None:
        if event == "campaign:progress":
            self.marks.setdefault(payload["n"], []).append(at)
        elif event == "message:new":
            self.heard.setdefault(payload["message_id"], at)

    def memory(self) -> int:
        return int(self._process.memory_full_info().uss)

    async def fill(self, auths: list[dict[str, str]]) -> float:
        """KB per socket; the first ones warm the server up."""
        await self.sockets.open(auths[:WARM])
        await asyncio.sleep(1)
        before = self.memory()
        await self.sockets.open(auths[WARM:])
        await asyncio.sleep(2)
        return (self.memory() - before) / 1024 / (len(auths) - WARM)


def run(stack: Stack, rounds: int) -> list[Row]:
    seeds.bare_table(stack)
    with stack.app().app_context():
        company, number = seeds.company_with_number()
        seeds.make_people(stack, company, PHONES)
        listeners = [_token(stack, company, "manager")] * LISTENING
        tokens = listeners + [_token(stack, make_company(), "admin")] * (SOCKETS + WARM - LISTENING)
        realtime.connect_emitter(stack.redis_url)
    with contextlib.ExitStack() as closing:
        ours = Side(*closing.enter_context(_serving(stack, "wsgi.py")))
        plain = Side(*closing.enter_context(_serving(stack, "-m", "benchmarks.bare_sockets")), is_bare=True)
        empty = Side(*closing.enter_context(_serving(stack, "-m", "benchmarks.bare_web", more=("relay",))))
        closing.enter_context(worker(stack, "events"))
        return asyncio.run(_measure(stack, ours, plain, empty, tokens, company, number, rounds))


@contextlib.contextmanager
def _serving(stack: Stack, *program: str, more: tuple[str, ...] = ()) -> Iterator[tuple[int, int]]:
    """(port, process id)"""
    port = free_port()
    arguments = [*program, *([] if program == ("wsgi.py",) else [str(port)]), *more]
    with process(arguments, stack.environment(PORT=str(port))) as running:
        wait_for_http(f"http://127.0.0.1:{port}/{'healthz' if program == ('wsgi.py',) else ''}")
        yield port, running.pid


def _token(stack: Stack, company: Company, role: str) -> str:
    person = queries.find_person(company.tenant_id, company.users[role])
    assert person
    return pairs.issue(person, Client("127.0.0.1", "bench"), Keys.of(stack.config)).access_token


async def _measure(
    stack: Stack, ours: Side, plain: Side, empty: Side, tokens: list[str], company: Company, number: uuid.UUID,
    rounds: int,
) -> list[Row]:  # fmt: skip
    own_kb = await ours.fill([{"token": token} for token in tokens])
    socketio_kb = await empty.fill([{"room": "idle"}] * len(tokens))
    plain_kb = await plain.fill([{}] * len(tokens))
    await empty.sockets.close()
    events = await _events(stack, ours, number)
    relays = await _relays(ours, company)
    own, bare = [], []
    for _ in range(rounds):
        bare.append(await _broadcast_bare(plain, len(tokens)))
        own.append(await _broadcast(ours, [company.tenant_id, _other_tenant(stack, company)], len(tokens)))
    await asyncio.gather(ours.sockets.close(), plain.sockets.close())
    event, relay = percentile(events, 0.95) * 1000, percentile(relays, 0.95) * 1000
    wide = statistics.median(a / b for a, b in zip(own, bare, strict=True))
    return [
        Row("webhook to another browser p95, 20/s, 1,000 sockets", f"{event:.0f} ms", f"{MOST_EVENT_MS:.0f} ms",
            event / MOST_EVENT_MS, 1.0, True, f"median {percentile(events, 0.5) * 1000:.0f} ms"),
        Row("relay to one browser p95, 1,000 sockets", f"{relay:.1f} ms", f"{MOST_RELAY_MS:.0f} ms",
            relay / MOST_RELAY_MS, 1.0, True, f"median {percentile(relays, 0.5) * 1000:.1f} ms"),
        Row("broadcast to 1,100 sockets, p95", f"{statistics.median(own):.0f} ms", f"{statistics.median(bare):.0f} ms",
            wide, 1.4, True),
        Row("memory per socket", f"{own_kb:.0f} KB", f"{socketio_kb:.0f} KB", own_kb / socketio_kb, 1.25, True,
            f"a websocket without Socket.IO: {plain_kb:.0f} KB"),
    ]  # fmt: skip


def _other_tenant(stack: Stack, company: Company) -> uuid.UUID:
    return stack.scalar(f"SELECT id FROM tenants WHERE id <> '{company.tenant_id}' ORDER BY created_at DESC LIMIT 1")


async def _events(stack: Stack, side: Side, number: uuid.UUID) -> list[float]:
    """From each webhook's due time to the first browser of the company, in seconds."""
    names = [f"3A{uuid.uuid4().hex[:18].upper()}" for _ in range(int(RATE * SECONDS))]
    headers = [f"Authorization: Bearer {seeds.SECRET}"]
    at, path = int(time.time()), f"/webhooks/evolution/{number}"
    requests = [
        post(path, seeds.inbound(name, seeds.phone_of(n % PHONES), at), headers) for n, name in enumerate(names)
    ]
    dues: list[float] = []
    answers = await open_loop(side.port, requests, rate=RATE, dues=dues)
    assert answers.good == len(names), answers.statuses
    await asyncio.sleep(2)
    with stack.cursor(stack.superuser_url) as cursor:
        cursor.execute("SELECT external_id, id::text FROM messages WHERE direction = 'inbound'")
        messages = dict(cursor.fetchall())
    missing = [name for name in names if messages.get(name) not in side.heard]
    assert not missing, f"{len(missing)} of {len(names)} never reached a browser"
    return [side.heard[messages[name]] - due for name, due in zip(names, dues, strict=True)]


async def _relays(side: Side, company: Company) -> list[float]:
    """From a worker's word for one person to that person's browsers, twenty a second."""
    waits = []
    room = realtime.user_room(company.users["manager"])
    for n in range(RELAYS):
        mark, since = f"relay-{n}", time.perf_counter()
        await asyncio.to_thread(realtime.publish, "campaign:progress", {"n": mark}, room=room)
        await asyncio.sleep(max(0.0, since + 1 / RATE - time.perf_counter()))
        waits.append((mark, since))
    await asyncio.sleep(1)
    return [at - since for mark, since in waits for at in side.marks[mark]]


async def _broadcast(side: Side, tenants: list[uuid.UUID], count: int) -> float:
    """p95 in ms from the word to each browser; the median of BROADCASTS."""
    found = []
    for _ in range(BROADCASTS):
        mark, since = uuid.uuid4().hex, time.perf_counter()
        news = [("campaign:progress", {"n": mark}, [realtime.tenant_room(tenant) for tenant in tenants])]
        await asyncio.to_thread(realtime.publish_many, news)
        found.append(await _heard_by_all(side, mark, since, count))
    return statistics.median(found)


async def _broadcast_bare(side: Side, count: int) -> float:
    found = []
    async with aiohttp.ClientSession() as session:
        for _ in range(BROADCASTS):
            mark, since = uuid.uuid4().hex, time.perf_counter()
            body = "42" + json.dumps(["campaign:progress", {"n": mark}])
            async with session.post(f"http://127.0.0.1:{side.port}/say", data=body):
                pass
            found.append(await _heard_by_all(side, mark, since, count))
    return statistics.median(found)


async def _heard_by_all(side: Side, mark: str, since: float, count: int) -> float:
    deadline = time.perf_counter() + 30
    while len(side.marks.get(mark, ())) < count:
        assert time.perf_counter() < deadline, f"{len(side.marks.get(mark, ()))} of {count} heard it"
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    return percentile([at - since for at in side.marks[mark]], 0.95) * 1000


if __name__ == "__main__":
    main(run)
