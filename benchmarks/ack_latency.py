"""Goals 2 and 5: 320 webhooks a second with 1,000 sockets open: how long the acknowledgement takes, and how long until
the browsers concerned hear of it; against the bare endpoint that tells its room straight away.

Every event is a customer's text. Both servers stand side by side and are asked in turn, in open loop, timed from the
moment each event was due.
"""

import asyncio
import time
import uuid

from app.accounts import queries
from app.accounts.service import pairs
from app.accounts.service.pairs import Keys
from app.accounts.service.sessions import Client
from benchmarks import seeds
from benchmarks.browsers import Sockets
from benchmarks.common import Stack, bare_web, percentile, web, worker
from benchmarks.report import Pair, Row, main
from benchmarks.wire import open_loop, post
from tests.factories import Company, make_company

RATE, SECONDS = 320.0, 5.0
SOCKETS, LISTENING = 1000, 3
MOST_P99_MS = 250.0
PHONES = 400


class Side:
    """One server with its sockets, and when each of its events was due and heard."""

    def __init__(self, port: int, path: str) -> None:
        self.port, self._path = port, path
        self.due: dict[str, float] = {}
        self.heard: dict[str, float] = {}
        self.sockets = Sockets(port, self._hear)

    def _hear(self, event: str, payload: dict, at: float) -> None:
        if event == "message:new":
            self.heard.setdefault(str(payload.get("n") or payload.get("message_id")), at)

    async def burst(self) -> list[float]:
        """Waits for the acknowledgement, in seconds."""
        names = [f"3A{uuid.uuid4().hex[:18].upper()}" for _ in range(int(RATE * SECONDS))]
        at = int(time.time())
        requests = [
            post(self._path, seeds.inbound(name, seeds.phone_of(n % PHONES), at), [*_HEADERS, f"X-Number: {name}"])
            for n, name in enumerate(names)
        ]
        dues: list[float] = []
        answers = await open_loop(self.port, requests, rate=RATE, dues=dues)
        if answers.good != len(names):
            raise AssertionError(f"answers {answers.statuses} of {len(names)}")
        self.due.update(zip(names, dues, strict=True))
        await asyncio.sleep(1.5)
        return answers.waits


_HEADERS = [f"Authorization: Bearer {seeds.SECRET}"]


def run(stack: Stack, rounds: int) -> list[Row]:
    seeds.bare_table(stack)
    with stack.app().app_context():
        company, number = seeds.company_with_number()
        seeds.make_people(stack, company, PHONES)
        tokens = [_token(stack, company)] * LISTENING + [_token(stack, make_company())] * (SOCKETS - LISTENING)
    with web(stack) as port, worker(stack, "events"), bare_web(stack, relay=True) as bare_port:
        ours = Side(port, f"/webhooks/evolution/{number}")
        bare = Side(bare_port, "/hook/room")
        auths = [{"token": token} for token in tokens]
        rooms = [{"room": "room" if n < LISTENING else "idle"} for n in range(SOCKETS)]
        acks, p99 = asyncio.run(_measure(ours, auths, bare, rooms, min(rounds, 3)))
    pushes = _pushes(stack, ours, bare)
    return _rows(acks, p99, pushes)


def _token(stack: Stack, company: Company) -> str:
    person = queries.find_person(company.tenant_id, company.users["admin"])
    assert person
    return pairs.issue(person, Client("127.0.0.1", "bench"), Keys.of(stack.config)).access_token


async def _measure(
    ours: Side, auths: list[dict[str, str]], bare: Side, rooms: list[dict[str, str]], rounds: int
) -> tuple[Pair, float]:
    await ours.sockets.open(auths)
    await bare.sockets.open(rooms)
    own: list[float] = []
    limit: list[float] = []
    every: list[float] = []
    for _ in range(rounds):
        limit.append(percentile(await bare.burst(), 0.95) * 1000)
        waits = await ours.burst()
        own.append(percentile(waits, 0.95) * 1000)
        every += waits
    await asyncio.gather(ours.sockets.close(), bare.sockets.close())
    return Pair(own, limit), percentile(every, 0.99) * 1000


def _pushes(stack: Stack, ours: Side, bare: Side) -> tuple[float, float]:
    """p95 in ms from the due time to the first browser, ours and the bare one's."""
    with stack.cursor(stack.superuser_url) as cursor:
        cursor.execute("SELECT id::text, external_id FROM messages WHERE direction = 'inbound'")
        names = dict(cursor.fetchall())
    found = {names[message]: at for message, at in ours.heard.items() if message in names}
    missing = len(ours.due) - len(found)
    if missing > len(ours.due) * 0.01:
        raise AssertionError(f"{missing} of {len(ours.due)} events never reached a browser")
    own = [(at - ours.due[name]) * 1000 for name, at in found.items()]
    limit = [(at - bare.due[name]) * 1000 for name, at in bare.heard.items()]
    return percentile(own, 0.95), percentile(limit, 0.95)


def _rows(acks: Pair, p99: float, pushes: tuple[float, float]) -> list[Row]:
    own, limit = pushes
    ack = (f"{acks.our_median:.1f} ms", f"{acks.limit_median:.1f} ms", acks.ratio)
    return [
        Row("2 ack p95 at 320/s, 1,000 sockets", *ack, 3.0, is_ceiling=True),
        Row("2 ack p99", f"{p99:.0f} ms", f"{MOST_P99_MS:.0f} ms", p99 / MOST_P99_MS, 1.0, is_ceiling=True),
        Row("5 push to browser p95", f"{own:.1f} ms", f"{limit:.1f} ms", own / limit, 5.0, is_ceiling=True),
    ]


if __name__ == "__main__":
    main(run)
