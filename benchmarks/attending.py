"""A day's peak: a thousand messages of customers a minute, ten attendants who answer every third of them.

Rounds are minutes. Everything runs as in production: web, workers, sockets, distribution. Customers often write twice
in one second; attendants hear of it by their socket, read the conversation, answer through the API. At the end every
word of both sides is looked for: none lost, none doubled, each conversation in the order in which it was said.
"""

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from app.accounts import queries
from app.accounts.models import User
from app.accounts.service import pairs
from app.accounts.service.pairs import Keys
from app.accounts.service.sessions import Client
from app.core.context import acting
from app.core.db import release, transaction
from app.inbox.models import Queue, QueueMember
from benchmarks import seeds, sending
from benchmarks.browsers import Sockets
from benchmarks.common import Stack, percentile, wait_until, web, worker
from benchmarks.report import Row, main
from tests.factories import PASSWORD_HASH, Company

PER_MINUTE, CUSTOMERS, ATTENDANTS, NUMBERS = 1_000, 200, 10, 2
AT_ONCE = 2  # words of one burst, in one second
ANSWER_EVERY = 3
SETTLE_SECONDS = 120


@dataclass
class Customer:
    """`said`: ids at the gateway, in the order in which they were accepted."""

    phone: str
    number: uuid.UUID
    said: list[str] = field(default_factory=list)


@dataclass
class Attendant:
    """One person's browser: hears, reads, answers. `told`: when its socket first spoke of a message."""

    token: str
    http: aiohttp.ClientSession
    url: str
    rng: random.Random
    seen: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    answers: dict[str, list[tuple[str, float]]] = field(default_factory=lambda: defaultdict(list))
    _changed: dict[str, bool] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _unanswered: Counter[str] = field(default_factory=Counter)
    is_over: bool = False

    def hear(self, event: str, payload: dict[str, Any], _at: float) -> None:
        if event == "message:new":
            self.told.setdefault(payload["message_id"], time.time())
        if event in ("message:new", "ticket:new", "ticket:update") and payload.get("ticket_id"):
            self._changed[payload["ticket_id"]] = True
            self._wake.set()

    async def work(self) -> None:
        while not (self.is_over and not self._changed):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 0.5)
            self._wake.clear()
            while self._changed:
                await self._attend(self._changed.popitem()[0])

    async def _attend(self, ticket: str) -> None:
        rows = await self._call("GET", f"/messages?ticket_id={ticket}&limit=20")
        if rows is None:
            return  # somebody else's
        new = [row for row in rows["data"] if row["direction"] == "inbound" and row["external_id"] not in self.seen]
        now = time.time()
        self.seen.update((row["external_id"], now) for row in new)
        self._unanswered[ticket] += len(new)
        if self._unanswered[ticket] >= ANSWER_EVERY:
            self._unanswered[ticket] = 0
            await self._answer(ticket, new[0]["instance_id"])

    async def _answer(self, ticket: str, number: str) -> None:
        text = f"{ticket} {len(self.answers[ticket])}"
        self.answers[ticket].append((text, time.time()))
        body = {"instance_id": number, "ticket_id": ticket, "message": {"type": "text", "content": text}}
        assert await self._call("POST", "/messages", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    async def _call(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        own = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        async with self.http.request(method, f"{self.url}/api/v1{path}", headers=own, **more) as answer:
            if answer.status == 404:
                return None
            assert answer.status < 300, (path, answer.status, await answer.text())
            return await answer.json()


def run(stack: Stack, minutes: int) -> list[Row]:
    with contextlib.ExitStack() as closing:
        closing.enter_context(stack.app().app_context())
        stub = closing.enter_context(sending.gateway(stack))
        company, numbers = sending.make_numbers(stub, NUMBERS, sending.pace(0))
        seeds.make_people(stack, company, CUSTOMERS)
        tokens = _attendants(stack, company)
        port = closing.enter_context(web(stack))
        for queue in ("events", "send", "default", "cron"):
            closing.enter_context(worker(stack, queue))
        customers = [Customer(seeds.phone_of(n), numbers[n % NUMBERS]) for n in range(CUSTOMERS)]
        people, dues = asyncio.run(_peak(port, tokens, customers, minutes))
        wait_until(lambda: not _left(stack), SETTLE_SECONDS, every=0.5)
        return _rows(stack, stub, customers, people, dues)


def _attendants(stack: Stack, company: Company) -> list[str]:
    """Ten people of one queue that shares its conversations out; their tokens."""
    with acting(company.system), transaction() as session:
        people = [User(email=f"{n}-{company.tenant_id.hex}@exemplo.com.br", name=f"Bia {n}", role="agent",
                       password_hash=PASSWORD_HASH) for n in range(ATTENDANTS)]  # fmt: skip
        queue = Queue(name="Atendimento", distribution="round_robin")
        session.add_all([*people, queue])
        session.flush()
        session.add_all(QueueMember(queue_id=queue.id, user_id=person.id) for person in people)
        ids = [person.id for person in people]
    release()
    keys, client = Keys.of(stack.config), Client("127.0.0.1", "bench")
    found = [queries.find_person(company.tenant_id, user_id) for user_id in ids]
    return [pairs.issue(person, client, keys).access_token for person in found if person]


async def _peak(
    port: int, tokens: list[str], customers: list[Customer], minutes: int
) -> tuple[list[Attendant], dict[str, float]]:
    rng, url, dues = random.Random(2), f"http://127.0.0.1:{port}", dict[str, float]()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as http:
        people = [Attendant(token, http, url, rng) for token in tokens]
        browsers = [Sockets(port, person.hear) for person in people]
        for browser, person in zip(browsers, people, strict=True):
            await browser.open([{"token": person.token}])
        work = [asyncio.create_task(person.work()) for person in people]
        started, bursts = time.time(), []
        for n in range(PER_MINUTE * minutes // AT_ONCE):
            due = started + n * 60 * AT_ONCE / PER_MINUTE
            await asyncio.sleep(max(0.0, due - time.time()))
            bursts.append(asyncio.create_task(_write(http, url, customers[(n * 7) % len(customers)], due, dues)))
        await asyncio.gather(*bursts)
        await asyncio.sleep(5)
        for person in people:
            person.is_over = True
        await asyncio.gather(*work)
        for browser in browsers:
            await browser.close()
    return people, dues


async def _write(http: aiohttp.ClientSession, url: str, who: Customer, due: float, dues: dict[str, float]) -> None:
    """As a gateway tells it: one after the other, and again until it hears 200."""
    headers = {"Authorization": f"Bearer {seeds.SECRET}"}
    at = int(time.time())
    for _ in range(AT_ONCE):
        name = f"3A{uuid.uuid4().hex[:18].upper()}"
        dues[name] = due
        body = seeds.inbound(name, who.phone, at, f"palavra {len(who.said)}")
        for _try in range(30):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with http.post(f"{url}/webhooks/evolution/{who.number}", data=body, headers=headers) as answer:
                    if answer.status == 200:
                        break
            await asyncio.sleep(0.2)
        who.said.append(name)


def _left(stack: Stack) -> int:
    return int(
        stack.scalar(
            "SELECT (SELECT count(*) FROM inbound_events WHERE state = 'pending') + (SELECT count(*) FROM outbox)"
        )
    )


def _rows(
    stack: Stack, stub: sending.Stub, customers: list[Customer], people: list[Attendant], dues: dict[str, float]
) -> list[Row]:
    with stack.cursor(stack.superuser_url) as cursor:
        cursor.execute("""
            SELECT external_id, ticket_id::text, id::text FROM messages WHERE direction = 'inbound'
            ORDER BY ticket_id, thread_at, messages.id
        """)
        kept = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM tickets WHERE status <> 'closed'")
        open_tickets = cursor.fetchone()[0]
    times = Counter(name for name, _ticket, _id in kept)
    threads: dict[str, list[str]] = defaultdict(list)
    for name, ticket, _id in kept:
        threads[ticket].append(name)
    wanted = {who.said[0]: who.said for who in customers if who.said}
    disordered = sum(wanted.get(thread[0]) != thread for thread in threads.values())
    answers = _answers(stub, people)
    heard = [person.seen[name] - dues[name] for person in people for name in person.seen if name in dues]
    total = f"of {len(dues)}"
    names = {message: name for name, _ticket, message in kept}
    first: dict[str, float] = {}
    for person in people:
        for message, at in person.told.items():
            first[message] = min(at, first.get(message, at))
    told = [at - dues[names[message]] for message, at in first.items() if message in names]
    waits = f"the socket told within {_spread(told)}, read within {_spread(heard)}"
    idle = sum(not person.answers for person in people)
    return [
        _none("peak: words of customers lost", len(set(dues) - set(times)), total, waits),
        _none("peak: words doubled", len(kept) - len(times), total),
        _none("peak: conversations out of order, or split", disordered + abs(open_tickets - len(wanted)),
              f"of {len(wanted)}"),
        _none("peak: words that no attendant read", len(dues) - len(heard), total, f"{idle} attendants idle"),
        *answers,
    ]  # fmt: skip


def _answers(stub: sending.Stub, people: list[Attendant]) -> list[Row]:
    arrived = stub.said()
    first_at: dict[str, float] = {}
    for _recipient, text, at in arrived:
        first_at.setdefault(text, at)
    given = {text: at for person in people for texts in person.answers.values() for text, at in texts}
    orders: dict[str, list[int]] = defaultdict(list)
    for _recipient, text, _at in arrived:
        if text in given:
            ticket, _, turn = text.partition(" ")
            orders[ticket].append(int(turn))
    waits = [first_at[text] - at for text, at in given.items() if text in first_at]
    note = f"at the gateway within {_spread(waits)}"
    total = f"of {len(given)}"
    doubled = sum(n - 1 for text, n in Counter(text for _r, text, _a in arrived).items() if text in given)
    disordered = sum(turns != sorted(turns) for turns in orders.values())
    return [
        _none("peak: answers lost", len(set(given) - set(first_at)), total, note),
        _none("peak: answers doubled", doubled, total),
        _none("peak: conversations whose answers left out of order", disordered, f"of {len(orders)}"),
    ]


def _spread(waits: list[float]) -> str:
    return f"{percentile(waits, 0.5) * 1000:.0f} ms (p95 {percentile(waits, 0.95) * 1000:.0f})"


def _none(goal: str, count: int, of: str, note: str = "") -> Row:
    return Row(goal, f"{count} {of}", "0", float(count), 0.0, is_ceiling=True, note=note)


if __name__ == "__main__":
    main(run)
