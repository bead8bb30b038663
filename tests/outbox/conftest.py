"""A real gateway (the simulator), a connected number, and a sender to run until something is true."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.config import SendTimings
from app.core.context import acting
from app.core.db import release, transaction
from app.core.storage import storage
from app.gateways.evolution import EvolutionGateway
from app.gateways.port import Credentials, Webhook
from app.outbox.sender import Sender
from tests.factories import Company, make_instance
from tests.outbox.desk import Desk
from tests.simulated import KEY, Mailbox, Simulator, simulator

FAST = SendTimings(
    shift=30,
    lease=3,
    idle_poll=0.3,
    sweep=0.1,
    retry_after=(0.1, 0.2, 0.3),
    probe_after=(0.1, 0.2, 0.4),
    verify_settle=0.1,
    recipient_open=1.0,
    recipient_open_high=0.5,
    http_timeout=2.0,
    silent_after=2.0,
)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with simulator(speed=100) as running:
        yield running


@pytest.fixture
def timings() -> SendTimings:
    return FAST


@dataclass
class Line:
    """One connected number, seen from both sides."""

    sim: Simulator
    id: uuid.UUID
    name: str
    mailbox: Mailbox

    def fault(self, kind: str, **rest: Any) -> None:
        self.sim.play("POST", "faults", kind=kind, instance=self.name, **rest)

    def mend(self) -> None:
        self.sim.play("DELETE", f"faults?instance={self.name}")

    def ledger(self) -> list[dict[str, Any]]:
        return self.sim.play("GET", f"ledger?instance={self.name}&limit=10000")

    def texts(self) -> list[str]:
        return [row["text"] for row in self.ledger()]


@pytest.fixture
def number(as_admin: object) -> uuid.UUID:
    """A number that no gateway stands behind."""
    return make_instance().id


@pytest.fixture
def desk(number: uuid.UUID) -> Iterator[Desk]:
    """The sender's steps, taken by hand."""
    desk = Desk()
    yield desk
    desk.release()
    desk.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    mailbox.close()


@pytest.fixture
def new_line(sim: Simulator, company: Company, mailbox: Mailbox) -> Callable[..., Line]:
    gateway = EvolutionGateway(connect_seconds=2, read_seconds=5)

    def make(**fields: Any) -> Line:
        token = f"token-{uuid.uuid4().hex}"
        instance = make_instance(base_url=sim.url, api_key=KEY, token=token, **fields)
        creds = Credentials(sim.url, KEY, instance.external_name, token)
        gateway.create_instance(creds, Webhook(mailbox.url, "segredo"))
        gateway.connect(creds)
        wait_until(lambda: sim.play("GET", f"instances/{creds.instance_name}").get("qr") is not None)
        sim.play("POST", f"instances/{creds.instance_name}/scan")
        wait_until(lambda: gateway.state(creds) == "open")
        return Line(sim, instance.id, creds.instance_name, mailbox)

    return make


@pytest.fixture
def line(as_admin: object, new_line: Callable[..., Line]) -> Line:
    return new_line(pace={"delay_min_ms": 0, "delay_max_ms": 0, "batch_pause_s": 0})


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it never became true")
        threading.Event().wait(0.02)


@pytest.fixture
def senders(app: Flask, timings: SendTimings) -> Iterator[Callable[..., Sender]]:
    """Start senders in threads of their own; all are stopped at the end."""
    stop, threads = threading.Event(), []

    def start(changed: SendTimings | None = None) -> Sender:
        sender = Sender(app, storage(), changed or timings, rng=random.Random(1))

        def run() -> None:
            while not stop.is_set():
                with app.app_context():
                    sender.shift(30, stop.is_set)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append((sender, thread))
        return sender

    yield start
    stop.set()
    for sender, thread in threads:
        thread.join(10)
        sender.drain(5)


def statuses(company: Company) -> dict[str, int]:
    """How many outbound messages stand at each status; reads through a fresh transaction."""
    with acting(company.actor()), transaction() as session:
        rows = session.execute(
            text("SELECT status, count(*) AS n FROM messages WHERE direction = 'outbound' GROUP BY status")
        )
        found = {row.status: row.n for row in rows}
    release()
    return found


def left(company: Company) -> int:
    with acting(company.actor()), transaction() as session:
        count = session.scalar(text("SELECT count(*) FROM outbox WHERE state <> 'unconfirmed'"))
    release()
    return count


def hold_of(company: Company, instance_id: uuid.UUID) -> str | None:
    with acting(company.actor()), transaction() as session:
        hold = session.scalar(text("SELECT hold FROM instance_pace WHERE instance_id = :i"), {"i": instance_id})
    release()
    return hold


slower = replace
