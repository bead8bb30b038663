"""A whole installation for drills: real servers, web, workers and gateway as processes that may be killed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import urllib3
from flask import Flask
from rq import Queue
from sqlalchemy import text

from app.config import Config
from app.core.background import redis
from app.core.context import acting
from app.core.crypto import token_hash
from app.core.db import release, transaction
from app.gateways.evolution import EvolutionGateway
from app.gateways.port import Credentials, Webhook
from app.instances.models import Instance
from app.outbox.service import close_lanes, open_lanes
from tests.factories import Company, make_company, make_instance
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
KEY = "simulador"
SECRET = "segredo-do-webhook"
FAST = {"delay_min_ms": 0, "delay_max_ms": 0, "batch_size": 100_000, "batch_pause_s": 0}


def wait_until(condition: Callable[[], Any], seconds: float, what: str | Callable[[], str] = "it") -> float:
    """Seconds it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not in {seconds} s: {what() if callable(what) else what}")
        threading.Event().wait(0.05)
    return time.monotonic() - began


@dataclass
class Gateway:
    """The simulator with a memory on disk, so that it may die and come back."""

    folder: Path
    speed: float
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-u", "-m", "simulator", "--port", str(self.port), "--speed", str(self.speed)]
        command += ["--api-key", KEY, "--data", str(self.folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), "the simulator did not start"

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def play(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(
            method, f"{self.url}/_sim/{path}", body=orjson.dumps(body) if body else None, timeout=20
        )
        assert answer.status < 300, (answer.status, answer.data)
        return orjson.loads(answer.data)


@dataclass
class Stage:
    app: Flask
    config: Config
    gateway: Gateway
    scale: float
    web_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    log: Path = Path(os.devnull)
    programs: dict[str, list[str]] = field(default_factory=dict)  # what a name starts, where it is another program
    extra: dict[str, str] = field(default_factory=dict)  # of the environment

    def environment(self) -> dict[str, str]:
        config = self.config
        return os.environ | {
            "DATABASE_URL": config.database_url.replace("postgresql+psycopg2", "postgresql"),
            "REDIS_URL": config.redis_url,
            "SECRET_KEY": config.secret_key,
            "ENCRYPTION_KEYS": ",".join(config.encryption_keys),
            "RECADO_DATA": str(config.data_dir),
            "EVOLUTION_API_URL": self.gateway.url,
            "EVOLUTION_API_KEY": KEY,
            "PUBLIC_URL": f"http://127.0.0.1:{self.web_port}",
            "PORT": str(self.web_port),
            "OUTBOUND_ALLOW": "127.0.0.0/8",
            "SEND_TIME_SCALE": str(self.scale),
            **self.extra,
        }

    def start(self, *names: str) -> None:
        """`web`, or a worker by its queue: `send`, a second one as `send2`, `events`, `default`, `cron`."""
        for name in names:
            usual = ["wsgi.py"] if name == "web" else ["worker.py", name.rstrip("2")]
            command = self.programs.get(name, usual)
            with self.log.open("ab") as output:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-u", *command], cwd=ROOT, env=self.environment(), stdout=output, stderr=output
                )

    def is_answering(self) -> bool:
        try:
            return (
                urllib3.request("GET", f"http://127.0.0.1:{self.web_port}/healthz", timeout=5, retries=False).status
                == 200
            )
        except urllib3.exceptions.HTTPError:
            return False

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(10)

    def stop(self, name: str, patience: float = 30) -> int:
        """Politely; its exit code."""
        self.processes[name].send_signal(signal.SIGTERM)
        return self.processes[name].wait(patience)

    def keep_alive(self) -> None:
        """What systemd would do: whoever died comes back."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.start(name)

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait(10)
        self.processes.clear()
        self.gateway.kill()


@dataclass
class Campaign:
    """One campaign of unique texts on one or more connected numbers."""

    stage: Stage
    company: Company
    id: uuid.UUID
    numbers: list[tuple[uuid.UUID, str]]
    count: int

    @contextlib.contextmanager
    def acting(self) -> Iterator[Any]:
        with self.stage.app.app_context(), acting(self.company.system), transaction() as session:
            yield session
        with self.stage.app.app_context():
            release()

    def fault(self, kind: str, **rest: Any) -> None:
        for _id, name in self.numbers:
            self.stage.gateway.play("POST", "faults", kind=kind, instance=name, **rest)

    def mend(self) -> None:
        for _id, name in self.numbers:
            self.stage.gateway.play("DELETE", f"faults?instance={name}")

    def ledger(self) -> list[dict[str, Any]]:
        found = []
        for _id, name in self.numbers:
            found += self.stage.gateway.play("GET", f"ledger?instance={name}&limit=100000")
        return found

    def left(self) -> int:
        """How many left the gateway so far, whatever we know of them."""
        return sum(
            self.stage.gateway.play("GET", f"ledger/summary?instance={name}")["left"] for _id, name in self.numbers
        )

    def open(self) -> None:
        with self.acting():
            open_lanes(self.id, [number for number, _name in self.numbers], {})

    def close(self) -> None:
        with self.acting():
            close_lanes(self.id, "by_user")

    def closed_reason(self) -> str | None:
        with self.acting() as session:
            return session.scalar(
                text("SELECT closed_reason FROM send_lanes WHERE campaign_id = :c AND NOT is_open"), {"c": self.id}
            )

    def claimed(self) -> int:
        with self.acting() as session:
            return session.scalar(
                text("SELECT count(*) FROM outbox WHERE campaign_id = :c AND state IN ('claimed', 'sending')"),
                {"c": self.id},
            )

    def rows(self) -> list[Any]:
        with self.acting() as session:
            return session.execute(
                text("""SELECT m.id, m.body, m.status, m.error_code, o.state, o.searched_at, o.message_id AS queued_as
                    FROM messages m LEFT JOIN outbox o ON o.message_id = m.id WHERE m.campaign_id = :c"""),
                {"c": self.id},
            ).all()

    def waiting(self) -> int:
        """Rows that are neither settled nor waiting for a person."""
        with self.acting() as session:
            return session.scalar(
                text("SELECT count(*) FROM outbox WHERE campaign_id = :c AND (state <> 'unconfirmed' "
                     "OR searched_at IS NULL)"), {"c": self.id},
            )  # fmt: skip

    def state(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for row in self.rows():
            counted[row.status] = counted.get(row.status, 0) + 1
        return counted

    def _is_settled(self) -> bool:
        self.stage.keep_alive()
        return self.waiting() == 0

    def describe(self) -> str:
        """What a person would want to see of a drill that hangs."""
        with self.acting() as session:
            queue = session.execute(
                text("SELECT state, held, owner, count(*), min(lease) FROM outbox GROUP BY 1, 2, 3")
            )
            paces = session.execute(text("SELECT driver, driver_lease, hold, hold_detail, probe_at FROM instance_pace"))
            lanes = session.execute(text("SELECT is_open, closed_reason, quiet_until FROM send_lanes"))
            found = [queue.all(), paces.all(), lanes.all()]
        alive = {name: process.poll() for name, process in self.stage.processes.items()}
        jobs = {name: Queue(name, connection=redis()).job_ids for name in ("send", "default")}
        return f"an empty queue: {self.state()} {found} {alive} {jobs}"

    def assert_accounted(self, *, seconds: float = 60, refused_after: bool = False) -> dict[str, int]:
        """Every message once or with its reason, none twice, none lost, none left claimed."""
        wait_until(self._is_settled, seconds, self.describe)
        times: dict[str, int] = {}
        for entry in self.ledger():
            times[entry["text"]] = times.get(entry["text"], 0) + 1
        rows = self.rows()
        assert len(rows) == self.count
        assert set(times) <= {row.body for row in rows}
        assert {body: n for body, n in times.items() if n > 1} == {}, "sent twice"
        wrong = [(row.body, row.status, row.error_code, times.get(row.body, 0)) for row in rows
                 if not _is_accounted(row, times.get(row.body, 0), refused_after)]  # fmt: skip
        assert wrong == []
        return self.state()


def _is_accounted(row: Any, left: int, refused_after: bool) -> bool:
    if row.status in ("sent", "delivered", "read", "played"):
        return left == 1 and row.queued_as is None
    if row.status == "failed":
        return bool(row.error_code) and row.queued_as is None and left == int(refused_after)
    # Nobody found it at the gateway, and it waits on the list for a person.
    return row.status == "unconfirmed" and row.state == "unconfirmed" and row.searched_at is not None and left == 0


def connect_number(stage: Stage, company: Company, pace: dict[str, Any]) -> tuple[uuid.UUID, str]:
    """A number made at the gateway, its webhook pointed at our web server, its QR scanned."""
    gateway = EvolutionGateway(connect_seconds=5, read_seconds=10)
    token = uuid.uuid4().hex
    with stage.app.app_context(), acting(company.system):
        with transaction() as session:
            instance = make_instance(base_url=stage.gateway.url, api_key=KEY, token=token, pace=pace)
            number, name = instance.id, instance.external_name
            session.get_one(Instance, number).webhook_secret_hash = token_hash(SECRET)
        release()
    creds = Credentials(stage.gateway.url, KEY, name, token)
    gateway.create_instance(
        creds, Webhook(f"http://127.0.0.1:{stage.web_port}/webhooks/evolution/{number}", secret=SECRET)
    )
    gateway.connect(creds)
    wait_until(lambda: stage.gateway.play("GET", f"instances/{name}").get("qr") is not None, 20, "a QR")
    stage.gateway.play("POST", f"instances/{name}/scan")
    wait_until(lambda: gateway.state(creds) == "open", 20, "a connection")
    return number, name


_CAMPAIGN = text(
    "INSERT INTO campaigns (id, tenant_id, name, status, total) VALUES (:id, :tenant, 'Ensaio', 'sending', :n)"
)
# As a launch writes it: contacts with a phone each, one recipient, message and outbox row per person.
_PEOPLE = text("""
    WITH people AS (
        INSERT INTO contacts (id, tenant_id, name, phone)
        SELECT uuid7(), :tenant, 'Pessoa ' || n, '+551196' || lpad((:first + n)::text, 7, '0')
        FROM generate_series(1, :n) AS n RETURNING id, name, phone
    ), named AS (
        INSERT INTO contact_identities (tenant_id, kind, value, display, contact_id)
        SELECT :tenant, 'phone', '5511' || substr(phone, 7), substr(phone, 2), id FROM people
    ), ready AS (
        SELECT uuid7() AS message_id, id, '5511' || substr(phone, 7) AS key, 'Olá, ' || name AS body,
            (cast(:numbers AS uuid[]))[1 + (row_number() OVER (ORDER BY name))::int % :many] AS instance_id FROM people
    ), frozen AS (
        INSERT INTO campaign_recipients (campaign_id, recipient_key, tenant_id, contact_id, message_id)
        SELECT :id, key, :tenant, id, message_id FROM ready
    ), written AS (
        INSERT INTO messages (id, tenant_id, instance_id, contact_id, campaign_id, direction, sender_type, body,
            recipient_key, status)
        SELECT message_id, :tenant, instance_id, id, :id, 'outbound', 'campaign', body, key, 'queued' FROM ready
    )
    INSERT INTO outbox (message_id, tenant_id, instance_id, contact_id, campaign_id, recipient_key, lane)
    SELECT message_id, :tenant, instance_id, id, :id, key, 2 FROM ready
""")


def make_campaign(
    stage: Stage, count: int, *, numbers: int = 1, pace: dict[str, Any] | None = None, launch: bool = True
) -> Campaign:
    with stage.app.app_context():
        company = make_company("Ensaio Ltda")
    connected = [connect_number(stage, company, FAST if pace is None else pace) for _ in range(numbers)]
    campaign = Campaign(stage, company, uuid.uuid4(), connected, count)
    values = {"id": campaign.id, "tenant": company.tenant_id, "n": count}
    with campaign.acting() as session:
        session.execute(_CAMPAIGN, values)
        ids = [str(number) for number, _name in connected]
        # People of earlier drills are other people; those whose number ends in 0000 are not on WhatsApp.
        first = random.SystemRandom().randrange(1_000_000, 9_000_000) // 10_000 * 10_000 + 1
        session.execute(_PEOPLE, values | {"numbers": ids, "many": numbers, "first": first})
    if launch:
        campaign.open()
    return campaign
