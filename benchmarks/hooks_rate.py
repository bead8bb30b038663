"""Deliveries to other systems per second, signed, logged and in order, against a bare loop of POSTs on one connection.

One address, and ten of ten companies at once; each event is of another person, as the statuses of a campaign are.
"""

import time
import urllib.request

import requests

from app.core import facts, ids
from app.core.background import nudge_now
from app.core.context import acting
from app.core.db import release
from app.hooks import service
from app.hooks.rules import new_secret, sign
from benchmarks.common import Stack, free_port, process, wait_for_http, wait_until, worker
from benchmarks.report import Row, interleave, main
from tests.factories import Company, make_company

EVENTS, COMPANIES, PATIENCE = 2_000, 10, 120
BODY = (
    '{"type":"contact.updated","timestamp":"2026-11-22T03:06:28.569332Z",'
    '"data":{"contact_id":"%s","contact":{"name":"Ana"}}}'
)


def run(stack: Stack, rounds: int) -> list[Row]:
    port = free_port()
    receiver = process(["-m", "benchmarks.hooks_receiver", str(port)], stack.environment())
    with stack.app().app_context(), receiver, worker(stack, "hooks"):
        wait_for_http(f"http://127.0.0.1:{port}/")
        one = [_company(port)]
        many = [_company(port) for _ in range(COMPANIES)]
        single = interleave(lambda: _ours(stack, port, one), lambda: _bare(port), rounds)
        several = interleave(lambda: _ours(stack, port, many), lambda: _bare(port), rounds)
    return [
        Row("webhooks out, one address", *_figures(single), single.ratio, 0.30),
        Row("webhooks out, ten companies", *_figures(several), several.ratio, 0.30),
    ]


def _figures(pair: object) -> tuple[str, str]:
    return f"{pair.our_median:.0f}/s", f"{pair.limit_median:.0f}/s"  # type: ignore[attr-defined]


def _company(port: int) -> Company:
    company = make_company()
    with acting(company.actor()):
        service.create_webhook(f"http://127.0.0.1:{port}/{company.tenant_id}", ["contact.*"])
    release()
    return company


def _ours(stack: Stack, port: int, companies: list[Company]) -> float:
    """From the first nudge to the last delivery written down; what was told is counted by who heard it."""
    each, before = EVENTS // len(companies), _heard(port)
    for company in companies:
        with acting(company.actor()):
            facts.emit_many(("contact.updated", {"contact_id": ids.new_id()}) for _ in range(each))
        release()
    started = time.perf_counter()
    nudge_now("hooks.shift")
    left = "SELECT count(*) FROM webhook_deliveries WHERE state <> 'delivered'"
    wait_until(lambda: not stack.scalar(left), PATIENCE, every=0.02)
    seconds = time.perf_counter() - started
    if _heard(port) - before != EVENTS:
        raise AssertionError(f"{_heard(port) - before} told of {EVENTS}")
    return EVENTS / seconds


def _bare(port: int) -> float:
    secret, session = new_secret(), requests.Session()
    started = time.perf_counter()
    for _ in range(EVENTS):
        name, moment = str(ids.new_id()), int(time.time())
        body = BODY % name
        headers = {"webhook-id": name, "webhook-timestamp": str(moment)}
        headers["webhook-signature"] = sign(secret, name, moment, body)
        session.post(f"http://127.0.0.1:{port}/", data=body.encode(), headers=headers, timeout=10)
    return EVENTS / (time.perf_counter() - started)


def _heard(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        return int(answer.read())


if __name__ == "__main__":
    main(run)
