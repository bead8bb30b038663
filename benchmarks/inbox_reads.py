"""The inbox's list, thread and search with 10,000 open conversations and a million messages: p95 in milliseconds.

The limits are absolute: what a person feels (100 ms, 200 ms for a search), server-side, as the application's role;
"page" is the whole request with its templates.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

from flask import Flask

from app.core import ids
from app.core.context import Actor, acting
from app.core.db import release
from app.inbox import queries
from benchmarks import seeds
from benchmarks.common import Stack, percentile
from benchmarks.report import Row, main
from tests.clients import IsolatedClient, sign_in
from tests.factories import Company

MESSAGES, OPEN, CLOSED, LONG = 1_000_000, 10_000, 40_000, 5_000
CALLS = 60
WORDS = [
    "bom", "dia", "boa", "tarde", "quanto", "custa", "o", "pao", "voces", "entregam", "hoje", "amanha", "pedido",
    "chegou", "obrigado", "pode", "ser", "valor", "pix", "cartao", "entrega", "bairro", "rua", "numero", "casa",
    "queria", "saber", "preco", "bolo", "festa", "aniversario", "chocolate", "morango", "cento", "salgado", "doce",
    "refrigerante", "encomenda", "retirada", "horario", "funcionamento", "aberto", "fechado", "cliente",
    "desconto",
]  # fmt: skip
_TICKET = ("id", "tenant_id", "contact_id", "instance_id", "user_id", "status", "unread_count", "last_message_id",
           "last_message_at", "last_inbound_at", "created_at", "closed_at")  # fmt: skip
_MESSAGE = ("id", "tenant_id", "instance_id", "contact_id", "ticket_id", "direction", "sender_type", "body", "search",
            "external_id", "status", "thread_at", "created_at")  # fmt: skip


def run(stack: Stack, rounds: int) -> list[Row]:
    app, rng = stack.app(), random.Random(1)
    with app.app_context():
        company, number = seeds.company_with_number()
        tickets = _seed(stack, company, number, rng)
        seeds.analyze(stack, "contacts", "tickets", "messages")
        boss, agent = company.actor("manager"), company.actor("agent")
        long_one = tickets[0]
        mine = queries.TicketFilter()
        deep = _deep_cursor(boss)
        asked: list[tuple[str, Actor, Callable[[], object], float]] = [
            ("list: mine", agent, lambda: queries.list_tickets("mine"), 100),
            ("list: waiting (agent)", agent, lambda: queries.list_tickets("waiting"), 100),
            ("list: all (manager)", boss, lambda: queries.list_tickets("all", mine), 100),
            ("list: 5,000 rows down", boss, lambda: queries.list_tickets("all", mine, deep), 100),
            ("counts (manager)", boss, queries.inbox_counts, 100),
            ("thread of 5,000", boss, lambda: queries.thread(long_one), 100),
            ("any thread", boss, lambda: queries.thread(rng.choice(tickets)), 100),
            ("search: frequent word", boss, lambda: _search(rng.choice(WORDS)), 200),
            ("search: rare word", boss, lambda: _search(f"raro{rng.randrange(1000):04d}"), 200),
            ("search: rare word (agent)", agent, lambda: _search(f"raro{rng.randrange(1000):04d}"), 200),
            ("search: frequent word (agent)", agent, lambda: _search(rng.choice(WORDS)), 200),
            ("search: name", boss, lambda: _search(f"maria {rng.randrange(50_000)}"), 200),
        ]
        rows = [_row(name, actor, call, most, rounds) for name, actor, call, most in asked]
    return rows + _pages(app, company, tickets, rng, rounds)


def _pages(app: Flask, company: Company, tickets: Sequence[uuid.UUID], rng: random.Random, rounds: int) -> list[Row]:
    """Requests as the web process answers them, without the wire."""
    app.test_client_class = IsolatedClient
    with app.app_context():
        browser = sign_in(app.test_client(), company, "manager")

    def get(path: str) -> None:
        assert browser.get(path).status_code == 200, path

    asked: list[tuple[str, Callable[[], object], float]] = [
        ("page: list", lambda: get("/inbox/list?tab=all"), 100),
        ("page: list, searched", lambda: get(f"/inbox/list?tab=all&q=raro{rng.randrange(1000):04d}"), 200),
        ("page: thread of 5,000", lambda: get(f"/inbox/{tickets[0]}/thread"), 100),
        ("page: any thread", lambda: get(f"/inbox/{rng.choice(tickets)}/thread"), 100),
    ]
    return [_row(name, None, call, most, rounds) for name, call, most in asked]


def _search(words: str) -> object:
    return queries.list_tickets("all", queries.TicketFilter(q=words))


def _deep_cursor(actor: Actor) -> str | None:
    cursor = None
    with acting(actor):
        for _ in range(25):
            cursor = queries.list_tickets("all", None, cursor, 200).next_cursor
    return cursor


def _row(name: str, actor: Actor | None, call: Callable[[], object], most: float, rounds: int) -> Row:
    waits = []
    with acting(actor) if actor else nullcontext():
        for _ in range(CALLS * rounds // 5):
            started = time.perf_counter()
            call()
            waits.append((time.perf_counter() - started) * 1000)
            if actor:
                release()
    p95, median = percentile(waits, 0.95), percentile(waits, 0.5)
    return Row(f"inbox {name}", f"p95 {p95:.0f} ms", f"{most:.0f} ms", p95 / most, 1.0, True, f"median {median:.0f} ms")


def _seed(stack: Stack, company: Company, number: uuid.UUID, rng: random.Random) -> list[uuid.UUID]:
    """Open tickets, the newest first; the first of them has LONG messages."""
    people = seeds.make_people(stack, company, OPEN + CLOSED)
    now = datetime.now(UTC)
    tickets = [ids.new_id() for _ in people]
    ends = [now - timedelta(seconds=17 * n) for n in range(len(people))]
    each = (MESSAGES - LONG) // len(people)
    last: dict[int, uuid.UUID] = {}
    for first in range(0, len(people), 2_000):
        rows = [
            row
            for n in range(first, min(first + 2_000, len(people)))
            for row in _talk(company, number, people[n], tickets[n], ends[n], LONG if n == 0 else each, rng)
        ]
        last.update({n: row[0] for n, row in zip(range(first, first + 2_000), _lasts(rows), strict=False)})
        seeds.copy(stack, "messages", _MESSAGE, rows)
    seeds.copy(stack, "tickets", _TICKET, (_ticket(company, number, people, tickets, ends, last, n, rng) for n in
                                           range(len(people))))  # fmt: skip
    return tickets[:OPEN]


def _lasts(rows: Sequence[Sequence[object]]) -> list[tuple[uuid.UUID]]:
    """The newest message of each conversation, in the order of their rows."""
    found = {row[4]: row[0] for row in rows}
    return [(message,) for message in found.values()]  # type: ignore[misc]


def _talk(
    company: Company, number: uuid.UUID, person: uuid.UUID, ticket: uuid.UUID, end: datetime, count: int,
    rng: random.Random,
) -> list[Sequence[object]]:  # fmt: skip
    found: list[Sequence[object]] = []
    for n in range(count):
        at = end - timedelta(seconds=40 * (count - 1 - n))
        words = " ".join(rng.choices(WORDS, k=8)) + (f" raro{rng.randrange(1000):04d}" if rng.random() < 0.02 else "")
        inbound = n % 2 == 0
        found.append((
            ids.new_id(at), company.tenant_id, number, person, ticket, "inbound" if inbound else "outbound",
            "contact" if inbound else "user", words, words, uuid.uuid4().hex, "received" if inbound else "read", at, at,
        ))  # fmt: skip
    return found


def _ticket(
    company: Company, number: uuid.UUID, people: Sequence[uuid.UUID], tickets: Sequence[uuid.UUID],
    ends: Sequence[datetime], last: dict[int, uuid.UUID], n: int, rng: random.Random,
) -> Sequence[object]:  # fmt: skip
    is_open = n < OPEN
    status = "closed" if not is_open else ("open" if n % 3 else "pending")
    owner = rng.choice(list(company.users.values())) if status != "pending" else None
    return (
        tickets[n], company.tenant_id, people[n], number, owner, status, n % 4 if is_open else 0, last[n], ends[n],
        ends[n], ends[n], None if is_open else ends[n],
    )  # fmt: skip


if __name__ == "__main__":
    main(run)
