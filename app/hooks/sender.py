"""The deliverer: claim, render, call, record. One thread owns the database; a pool of threads waits for strangers."""

import os
import random
import secrets
import socket
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.context import acting, system
from app.core.crypto import unseal
from app.core.db import release
from app.core.errors import Invalid
from app.core.outbound import Line, OutboundError
from app.extensions import db
from app.hooks import service
from app.hooks.models import Webhook
from app.hooks.rules import KEPT_ANSWER, TIMEOUT, retry_after, sign
from app.hooks.service import Outcome

log = structlog.get_logger(__name__)

THREADS = 128
WIDE = 16  # claimed at once for one healthy address
AT_ONCE = 8  # calls under way to one address
LEASE = 60.0
IDLE = 3.0
TICK = 0.3

_CLAIM = text("SELECT * FROM webhook_claim(:me, :lease, :wide, :want)")
_WAITING = text("SELECT * FROM webhook_waiting() w(at) WHERE at IS NOT NULL")


@dataclass(frozen=True)
class Call:
    """One delivery in hand, with all that its call needs."""

    row: Row[Any]
    body: str
    url: str
    secrets: tuple[str, ...]
    until: float  # monotonic: past it the lease may be over and the call must not begin


@dataclass
class Lane:
    """One address: what waits its turn, how many calls are under way, its connections."""

    line: Line
    waiting: deque[Call] = field(default_factory=deque)
    flying: int = 0


class Deliverer:
    """Lives as long as its process; shifts run on it one after another."""

    def __init__(self, *, rng: random.Random | None = None, lease: float = LEASE, timeout: float = TIMEOUT) -> None:
        self.me = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._rng, self._lease, self._timeout = rng or random.Random(), lease, timeout
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="hooks")
        self._lanes: dict[tuple[uuid.UUID, str], Lane] = {}
        self._lock = threading.Lock()
        self._finished: list[Outcome] = []
        self._wake = threading.Event()

    def shift(self, seconds: float, stop: Callable[[], bool]) -> bool:
        """Deliver for up to `seconds`; whether something is left that is due soon."""
        deadline = idle_since = time.monotonic()
        deadline += seconds
        while not stop() and time.monotonic() < deadline:
            if self.turn():
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > IDLE:
                break
            else:
                self._wait(TICK)
        if stop():
            self.drain(self._timeout + 2)
        self._prune()
        return not stop() and (self._busy() > 0 or due_within(IDLE))

    def turn(self) -> bool:
        """Claim what there is room for, start calls, write down what came back. Whether there is anything to do."""
        try:
            recorded = self._record()
            claimed = self._claim()
            self._start()
        except SQLAlchemyError:
            log.warning("deliverer_lost_database", exc_info=True)
            release()
            return False
        if self._busy() and not recorded and not claimed:
            self._wait(TICK)
        return bool(recorded or claimed or self._busy())

    def drain(self, seconds: float) -> bool:
        """Let calls under way come back and be written down; what has not begun is left to its lease."""
        deadline = time.monotonic() + seconds
        for lane in self._lanes.values():
            lane.waiting.clear()
        while self._busy() and time.monotonic() < deadline:
            self._wait(TICK)
            self._record()
        self._record()
        return not self._busy()

    def _prune(self) -> None:
        """Calls outlive a shift; connections that nobody needs do not."""
        idle = [key for key, lane in self._lanes.items() if not lane.flying and not lane.waiting]
        for key in idle:
            self._lanes.pop(key).line.close()

    def _claim(self) -> int:
        room = THREADS - self._busy()
        if room <= 0:
            return 0
        values = {"me": self.me, "lease": self._lease, "wide": WIDE, "want": room}
        with db.engine.begin() as connection:
            rows = connection.execute(_CLAIM, values).all()
        until = time.monotonic() + self._lease - self._timeout - 2
        for tenant_id, mine in _by_tenant(rows).items():
            self._prepare(tenant_id, mine, until)
        return len(rows)

    def _prepare(self, tenant_id: uuid.UUID, rows: Sequence[Row[Any]], until: float) -> None:
        with acting(system(tenant_id)):
            bodies, hooks = service.render([row.id for row in rows])
        release()
        for row in rows:
            hook = hooks.get(row.webhook_id)
            if hook is None or row.id not in bodies:
                continue  # deleted meanwhile
            key = (hook.id, hook.url)
            lane = self._lanes.setdefault(key, Lane(Line(hook.url)))
            lane.waiting.append(Call(row, bodies[row.id], hook.url, _secrets(hook), until))

    def _start(self) -> None:
        for lane in self._lanes.values():
            while lane.waiting and lane.flying < AT_ONCE:
                call = lane.waiting.popleft()
                if time.monotonic() > call.until:
                    continue  # its lease brings it back
                lane.flying += 1
                self._pool.submit(self._call, lane, call)

    def _call(self, lane: Lane, call: Call) -> None:
        at, began = clock.now(), time.monotonic()
        found: dict[str, Any]
        try:
            found = self._post(lane.line, call, at)
        except (OutboundError, Invalid) as error:
            found = {"error": str(error.errors[0].message if isinstance(error, Invalid) else error)}
        except Exception as error:
            log.exception("webhook_call_crashed")
            found = {"error": type(error).__name__}
        row = call.row
        outcome = Outcome(
            row.id, row.tenant_id, row.webhook_id, row.event, row.attempts, row.first_at, at,
            int((time.monotonic() - began) * 1000), **found,
        )  # fmt: skip
        with self._lock:
            self._finished.append(outcome)
            lane.flying -= 1
        self._wake.set()

    def _post(self, line: Line, call: Call, at: datetime) -> dict[str, Any]:
        name, moment = str(call.row.id), int(at.timestamp())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": " ".join(sign(secret, name, moment, call.body) for secret in call.secrets),
        }
        answer = line.post(call.body.encode(), headers, timeout=self._timeout, max_bytes=4 * KEPT_ANSWER)
        words = answer.body.decode("utf-8", "replace").replace("\0", "")[:KEPT_ANSWER]
        asked = next((value for key, value in answer.headers.items() if key.lower() == "retry-after"), "")
        return {"status": answer.status, "answer": words, "asked": retry_after(asked)}

    def _record(self) -> int:
        with self._lock:
            finished, self._finished = self._finished, []
        for tenant_id, mine in _by_tenant(finished).items():
            try:
                with acting(system(tenant_id)):
                    service.record(mine, self.me, self._rng)
            except SQLAlchemyError:
                with self._lock:
                    self._finished += mine  # kept until the database is back, or their leases are over
                raise
            finally:
                release()
        return len(finished)

    def _busy(self) -> int:
        with self._lock:
            calls = sum(lane.flying + len(lane.waiting) for lane in self._lanes.values())
            return calls + len(self._finished)

    def _wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()


def due_within(seconds: float) -> bool:
    """Whether a delivery, or a lease, falls due so soon."""
    with db.engine.connect() as connection:
        times = connection.execute(_WAITING).scalars().all()
    return any((at - clock.now()).total_seconds() <= seconds for at in times)


def _by_tenant(rows: Sequence[Any]) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.tenant_id].append(row)
    return found


def _secrets(hook: Webhook) -> tuple[str, ...]:
    """The newest first; the old one signs too until its day is over."""
    old = hook.old_secret if hook.old_secret_until and hook.old_secret_until > clock.now() else None
    return tuple(unseal(blob) for blob in (hook.secret, old) if blob)
