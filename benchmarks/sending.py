"""What the sender's benchmarks share: campaigns ready to go, the stub gateway, the real worker, its arrivals."""

import contextlib
import json
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from app.core import ids
from app.core.background import nudge_now
from benchmarks import seeds
from benchmarks.common import Stack, free_port, process, wait_for_http, wait_until, worker
from tests.factories import Company, make_company

WAIT_MS = 100
_CAMPAIGN = ("id", "tenant_id", "name", "status", "message", "total", "started_at")
_LANE = ("campaign_id", "instance_id", "tenant_id")
_MESSAGE = ("id", "tenant_id", "instance_id", "contact_id", "campaign_id", "direction", "sender_type", "body",
            "recipient_key", "status")  # fmt: skip
_OUTBOX = ("message_id", "tenant_id", "instance_id", "contact_id", "campaign_id", "recipient_key", "lane", "send_after")
_RECIPIENT = ("campaign_id", "recipient_key", "tenant_id", "contact_id", "message_id")


@dataclass(frozen=True)
class Stub:
    """The gateway's side."""

    url: str

    def arrivals(self) -> dict[str, list[float]]:
        """Seconds since 1970 of each arrival by number, since the last asking."""
        with urllib.request.urlopen(f"{self.url}/log", timeout=10) as answer:
            rows = json.load(answer)
        found: dict[str, list[float]] = {}
        for number, at in rows:
            found.setdefault(number, []).append(at)
        return found

    def said(self) -> list[tuple[str, str, float]]:
        """(recipient, text, seconds since 1970) of everything so far, in order of arrival."""
        with urllib.request.urlopen(f"{self.url}/said", timeout=10) as answer:
            return [tuple(row) for row in json.load(answer)]


@contextlib.contextmanager
def gateway(stack: Stack, wait_ms: float = WAIT_MS) -> Iterator[Stub]:
    port = free_port()
    with process(["-m", "benchmarks.gateway_stub", str(port), str(wait_ms)], stack.environment()):
        wait_for_http(f"http://127.0.0.1:{port}/")
        yield Stub(f"http://127.0.0.1:{port}")


def pace(min_ms: int, max_ms: int | None = None) -> dict[str, float]:
    return {"delay_min_ms": min_ms, "delay_max_ms": max_ms or min_ms, "batch_size": 100_000, "batch_pause_s": 0}


def make_numbers(stub: Stub, count: int, settings: dict[str, float]) -> tuple[Company, list[uuid.UUID]]:
    company = make_company()
    return company, [seeds.make_number(company, stub.url, settings) for _ in range(count)]


def queue(stack: Stack, company: Company, numbers: Sequence[uuid.UUID], each: int, *, start: int = 0) -> None:
    """A campaign over these numbers, `each` messages on every one, all due."""
    campaign, now, tenant = ids.new_id(), datetime.now(UTC), company.tenant_id
    people = seeds.make_people(stack, company, each * len(numbers), start=start)
    rows = [
        (ids.new_id(), numbers[n % len(numbers)], person, seeds.key_of(start + n)) for n, person in enumerate(people)
    ]
    seeds.copy(stack, "campaigns", _CAMPAIGN, [(campaign, tenant, "Bench", "sending", "Oi", len(rows), now)])
    seeds.copy(stack, "send_lanes", _LANE, [(campaign, number, tenant) for number in numbers])
    messages = (
        (row_id, tenant, number, person, campaign, "outbound", "campaign", "Oi! Promoção só hoje.", key, "queued")
        for row_id, number, person, key in rows
    )
    seeds.copy(stack, "messages", _MESSAGE, messages)
    recipients = ((campaign, key, tenant, person, row_id) for row_id, _number, person, key in rows)
    seeds.copy(stack, "campaign_recipients", _RECIPIENT, recipients)
    seeds.analyze(stack, "messages", "contacts", "contact_identities", "campaign_recipients")
    outbox = ((row_id, tenant, number, person, campaign, key, 2, now) for row_id, number, person, key in rows)
    seeds.copy(stack, "outbox", _OUTBOX, outbox)
    seeds.analyze(stack, "outbox")


@contextlib.contextmanager
def sender(stack: Stack) -> Iterator[psutil.Process]:
    """The product's own worker, asked to begin."""
    with worker(stack, "send") as running:
        nudge_now("outbox.shift")
        yield psutil.Process(running.pid)


def left(stack: Stack) -> int:
    return int(stack.scalar("SELECT count(*) FROM outbox"))


def run_down(stack: Stack, patience: float) -> None:
    """Until nothing waits to be sent."""
    wait_until(lambda: not left(stack), patience, every=0.2)


def first_arrival(stub: Stub, patience: float = 30) -> None:
    """Returns when the sender has begun. Peeks without forgetting."""

    def begun() -> bool:
        with urllib.request.urlopen(f"{stub.url}/peek", timeout=10) as answer:
            return len(answer.read()) > 2

    wait_until(begun, patience)


def busiest_second(times: Sequence[float]) -> int:
    """The most arrivals in any window of one second."""
    most, first = 0, 0
    ordered = sorted(times)
    for last, at in enumerate(ordered):
        while ordered[first] <= at - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def rate(times: Sequence[float]) -> float:
    """Average over the span."""
    return (len(times) - 1) / (max(times) - min(times))


def cpu_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system
