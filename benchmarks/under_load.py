"""Goal 14: how long a webhook's acknowledgement takes while a sheet is imported and a campaign runs, against idle.

All of the product's processes that take part are at work in both halves: web, send, events, bulk.
"""

import asyncio
import io
import itertools
import time
from collections.abc import Iterator

from app.contacts.service.imports import Wishes, start_import
from app.core.context import acting
from app.core.db import release
from benchmarks import seeds, sending
from benchmarks.common import Stack, percentile, web, worker
from benchmarks.report import Row, main
from benchmarks.wire import open_loop, post
from tests.factories import Company

RATE, SECONDS = 50.0, 5.0
PACE_MS = 13
_serial = itertools.count()


def run(stack: Stack, rounds: int) -> list[Row]:
    with stack.app().app_context(), sending.gateway(stack) as stub:
        company, (number,) = sending.make_numbers(stub, 1, sending.pace(PACE_MS))
        path = f"/webhooks/evolution/{number}"
        with web(stack) as port, worker(stack, "events"), worker(stack, "bulk"):
            idle = [_wait(port, path) for _ in range(min(rounds, 3))]
            sending.queue(stack, company, [number], 3_000, start=500_000)
            with sending.sender(stack):
                sending.first_arrival(stub)
                _begin_import(company)
                time.sleep(1)
                loaded = [_wait(port, path) for _ in range(min(rounds, 3))]
            imported = stack.scalar("SELECT progress FROM imports LIMIT 1")
        sent = sum(len(times) for times in stub.arrivals().values())
    if not sent or imported is None:
        raise AssertionError("there was no load to speak of")
    calm, busy = sorted(idle)[len(idle) // 2], sorted(loaded)[len(loaded) // 2]
    figures = (f"p95 {busy * 1000:.1f} ms", f"{calm * 1000:.1f} ms")
    return [Row("14 webhook during import and campaign", *figures, busy / calm, 3.0, is_ceiling=True)]


def _wait(port: int, path: str) -> float:
    """p95 in seconds."""
    requests = list(itertools.islice(_events(path), int(RATE * SECONDS)))
    answers = asyncio.run(open_loop(port, requests, rate=RATE, connections=16))
    if answers.good != len(requests):
        raise AssertionError(f"answers {answers.statuses} of {len(requests)}")
    return percentile(answers.waits, 0.95)


def _events(path: str) -> Iterator[bytes]:
    at = int(time.time())
    for serial in _serial:
        body = seeds.inbound(f"3A{serial:018d}", seeds.phone_of(serial % 200), at)
        yield post(path, body, [f"Authorization: Bearer {seeds.SECRET}"])


def _begin_import(company: Company) -> None:
    lines = (f"Maria de Souza {n};{seeds.phone_of(n)};maria{n}@exemplo.com.br;Recife" for n in range(100_000))
    sheet = "\n".join(["Nome;Telefone;E-mail;Cidade", *lines])
    with acting(company.actor("admin")):
        start_import(io.BytesIO(sheet.encode()), "clientes.csv", Wishes(confirms=True))
    release()


if __name__ == "__main__":
    main(run)
