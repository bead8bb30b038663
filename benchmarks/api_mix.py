"""The API at fifty requests a second while a campaign runs: lists, one row, figures, messages sent; and what the
credentials of one request cost."""

import asyncio
import itertools
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator

import psutil

from app.accounts.queries import find_person
from app.accounts.service import pairs, tokens
from app.accounts.service.pairs import Keys
from app.accounts.service.sessions import Client
from app.core.context import acting
from app.core.db import release
from benchmarks import sending
from benchmarks.common import Stack, percentile, web, worker
from benchmarks.report import Row, main
from benchmarks.wire import get, open_loop, post
from tests.factories import Company

RATE, SECONDS, CHECKS = 50.0, 8.0, 400
GOAL_MS = 200.0


def run(stack: Stack, rounds: int) -> list[Row]:
    app = stack.app()
    with app.app_context(), sending.gateway(stack) as stub:
        company, (number,) = sending.make_numbers(stub, 1, sending.pace(100))
        jwt, token = _credentials(app, company)
        sending.queue(stack, company, [number], 5_000)
        campaign = stack.scalar("SELECT id FROM campaigns LIMIT 1")
        with web(stack) as port, worker(stack, "default"), sending.sender(stack):
            sending.first_arrival(stub)
            requests = _requests(jwt, number, campaign)
            asyncio.run(open_loop(port, list(itertools.islice(requests, 50)), rate=25))
            waits = [_p95(port, requests) for _ in range(min(rounds, 3))]
            work = _processor(port, requests)
        jwt_ms, token_ms = _cost(app, jwt, token)
    p95 = sorted(waits)[len(waits) // 2] * 1000
    return [
        Row(
            "API p95 at 50/s, campaign running", f"{p95:.0f} ms", f"{GOAL_MS:.0f} ms", p95 / GOAL_MS, 1, is_ceiling=True
        ),
        Row("processor per API request", f"{work:.1f} ms", "10 ms", work / 10, 1, is_ceiling=True),
        Row("processor per JWT checked", f"{jwt_ms:.2f} ms", "2 ms", jwt_ms / 2, 1, is_ceiling=True),
        Row("processor per API token checked", f"{token_ms:.2f} ms", "2 ms", token_ms / 2, 1, is_ceiling=True),
    ]


def _credentials(app: object, company: Company) -> tuple[str, str]:
    person = find_person(company.tenant_id, company.users["admin"])
    assert person is not None
    pair = pairs.issue(person, Client("127.0.0.1", "bench"), Keys.of(app.extensions["recado"]))  # type: ignore[attr-defined]
    with acting(company.actor()):
        secret = tokens.create_token("bench").secret
    release()
    return pair.access_token, secret


def _requests(jwt: str, number: uuid.UUID, campaign: uuid.UUID) -> Iterator[bytes]:
    """Of ten requests four read lists, three one thing, two figures, one sends."""
    auth, rng = [f"Authorization: Bearer {jwt}"], random.Random(1)
    for serial in itertools.count():
        body = {"instance_id": str(number), "recipient": f"+55119{81_000_000 + serial}", "message": {"content": "Oi"}}
        yield rng.choices(
            [
                get("/api/v1/contacts?limit=50", auth),
                get("/api/v1/messages?limit=50", auth),
                get("/api/v1/auth/me", auth),
                get(f"/api/v1/campaigns/{campaign}/stats", auth),
                post("/api/v1/messages", json.dumps(body).encode(), auth),
            ],
            [2, 2, 3, 2, 1],
        )[0]


def _p95(port: int, requests: Iterator[bytes]) -> float:
    wanted = list(itertools.islice(requests, int(RATE * SECONDS)))
    answers = asyncio.run(open_loop(port, wanted, rate=RATE))
    if set(answers.statuses) - {0, 200, 202}:  # 0: nobody answered in time
        raise AssertionError(f"answers {answers.statuses} of {len(wanted)}")
    unanswered = [float("inf")] * (len(wanted) - len(answers.waits))
    return percentile([*answers.waits, *unanswered], 0.95)


def _processor(port: int, requests: Iterator[bytes]) -> float:
    """Milliseconds of the web process for one request: what a busy machine cannot change."""
    web = next(one for one in psutil.Process().children() if "wsgi.py" in " ".join(one.cmdline()))
    before, wanted = web.cpu_times(), list(itertools.islice(requests, 200))
    answers = asyncio.run(open_loop(port, wanted, rate=25))
    after = web.cpu_times()
    return (after.user + after.system - before.user - before.system) * 1000 / len(answers.waits)


def _cost(app: object, jwt: str, token: str) -> tuple[float, float]:
    keys = Keys.of(app.extensions["recado"])  # type: ignore[attr-defined]
    return _work_ms(lambda: pairs.find_access(jwt, keys)), _work_ms(lambda: tokens.find_live_token(token))


def _work_ms(check: Callable[[], object]) -> float:
    """Of this process: signature, one look-up in the database, its connection taken and given back."""
    started = time.process_time()
    for _ in range(CHECKS):
        if check() is None:
            raise AssertionError("the credentials do not hold")
        release()
    return (time.process_time() - started) * 1000 / CHECKS


if __name__ == "__main__":
    main(run)
