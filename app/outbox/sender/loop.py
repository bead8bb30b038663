"""The shift: pick numbers, claim, go, call, record; sweep meanwhile."""

import os
import random
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import structlog
from flask import Flask
from sqlalchemy.engine import Row
from sqlalchemy.exc import SQLAlchemyError

from app.config import SendTimings
from app.core import clock
from app.core.storage.port import Storage
from app.extensions import db
from app.outbox.sender.going import Gate
from app.outbox.sender.heart import Heart
from app.outbox.sender.number import HORIZON, PICK_EVERY, SICK_REST, Number
from app.outbox.sender.probe import Prober
from app.outbox.sender.recorder import Recorder
from app.outbox.sender.store import Store
from app.outbox.service.leases import expire
from app.outbox.service.results import Result

log = structlog.get_logger(__name__)

THREADS = 512
SERVERS = 8
PROBERS = 32
LEASE = 15.0
SHORTEST_PAUSE = 0.005


class Sender:
    """Lives as long as its process; shifts run on it one after another, so that calls outlive a shift.

    Thread map: the shift's thread owns `numbers`, and waits while a few servers each claim and go for one of them; pool
    threads call gateways; the recorder writes results; the heart renews leases. They meet in `_finished`, a list under
    a lock, in `_held`, and in `_wake`.
    """

    def __init__(self, app: Flask, storage: Storage, timings: SendTimings, *, rng: random.Random | None = None) -> None:
        self.me = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._timings = timings
        self._lease = min(LEASE, timings.lease)
        with app.app_context():
            self._engine = db.engine
        self._store = Store(self._engine, self.me, self._lease)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._finished: list[Result] = []
        self._recorder = Recorder(app, self._done, timings)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="send")
        self._servers = ThreadPoolExecutor(SERVERS, thread_name_prefix="serve")
        self._gate = Gate(self._store, self._pool, self._recorder, storage, timings, rng or random.Random())
        self._prober = Prober(app, timings, ThreadPoolExecutor(PROBERS, thread_name_prefix="probe"))
        self._numbers: dict[uuid.UUID, Number] = {}
        self._next = {"pick": 0.0, "sweep": 0.0}
        self._is_fresh = False
        self._held: tuple[float, Sequence[uuid.UUID], Sequence[uuid.UUID]] = (0.0, (), ())
        self._heart = Heart(Store(self._engine, self.me, self._lease), self._lease / 3, self._in_hand)

    def shift(self, seconds: float, stop: Callable[[], bool]) -> bool:
        """Send for up to `seconds`. Returns whether work is left that another shift should do soon."""
        deadline = time.monotonic() + seconds
        idle_since = time.monotonic()
        try:
            while not stop() and (now := time.monotonic()) < deadline:
                try:
                    busy = self._tick(now)
                    idle_since = now if busy else idle_since
                    if now - idle_since > self._timings.idle_poll and self._nothing_soon():
                        return False
                except SQLAlchemyError:
                    log.warning("sender_lost_database", exc_info=True)
                    self._forget()
                    idle_since = now
                    self._wake.wait(0.5)
            return True
        finally:
            self._end_shift()

    def drain(self, seconds: float) -> bool:
        """Wait for calls on the wire to be recorded, at a stop. False when some are not: their lease tells."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._collect()
            self._remember()
            if self._recorder.is_idle() and not self._flying():
                return True
            self._wake.wait(0.05)
            self._wake.clear()
        return False

    def close(self) -> None:
        """For tests: a process's end does the same."""
        self._heart.stop()
        self._store.close()

    def _tick(self, now: float) -> bool:
        if not self._is_fresh:
            self._begin()
        self._collect()
        self._on_time("sweep", now, self._timings.sweep, self._sweep)
        self._on_time("pick", now, PICK_EVERY, self._pick)
        self._serve_all()
        self._remember()
        self._pause()
        return any(number.is_ours for number in self._numbers.values()) or self._flying() > 0 or self._prober.is_busy()

    def _begin(self) -> None:
        """After a start or a lost connection: what we claimed without hearing of it goes back."""
        self._store.release()
        if held := self._store.hold_restored():
            log.error("restored_copy", held=held)
        self._is_fresh = True

    def _on_time(self, name: str, now: float, every: float, call: Callable[[], Any]) -> None:
        if now >= self._next[name]:
            self._next[name] = now + every
            call()

    def _sweep(self) -> None:
        expire(self._store.expire())
        for row in self._store.probes(PROBERS, max(self._timings.http_timeout * 2, 5.0)):
            self._prober.start(row)

    def _pick(self) -> None:
        rows = {row.instance_id: row for row in self._store.pick()}
        for row in rows.values():
            self._guarded(row.instance_id, lambda row=row: self._take(row))
        for instance_id in [key for key in self._numbers if key not in rows]:
            number = self._numbers[instance_id]
            number.is_ours = False
            if not number.claimed and not number.flying:
                del self._numbers[instance_id]

    def _take(self, row: Row[Any]) -> None:
        number = self._numbers.get(row.instance_id)
        if number is None:
            self._numbers[row.instance_id] = Number.from_row(row)
        else:
            number.refresh(row)

    def _serve_all(self) -> None:
        """Each number in turn, several numbers at once: their commits share one wait for the disk."""
        moment, now = clock.now(), time.monotonic()
        ready = [number for number in self._numbers.values() if number.has_work(moment, now)]
        ready.sort(key=lambda number: number.wakes_at(moment, now))  # who is due goes before who claims ahead
        if len(ready) < 2:
            for number in ready:
                self._serve(number)
            return
        calls = [self._servers.submit(self._serve, number) for number in ready]
        wait(calls)
        for call in calls:
            call.result()

    def _serve(self, number: Number) -> None:
        if not self._guarded(number.id, lambda: (self._claim(number), self._go(number))):
            number.claimed.clear()  # their leases run out
            number.rest(SICK_REST)

    def _guarded(self, instance_id: uuid.UUID, call: Callable[[], Any]) -> bool:
        """One number's broken settings must not stop the others."""
        try:
            call()
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("number_is_sick", instance_id=str(instance_id))
            return False
        return True

    def _claim(self, number: Number) -> None:
        wanted = number.claimable(clock.now(), time.monotonic())
        if wanted is None:
            return
        rows = self._store.claim(
            number.id,
            want=wanted.count,
            limit=wanted.limit,
            open_s=self._timings.recipient_open,
            open_high_s=self._timings.recipient_open_high,
            high_only=wanted.only_high,
        )
        if not rows:
            number.rest(PICK_EVERY)
            number.has_high = number.has_high and not wanted.only_high
        # An answer goes before what was claimed a moment earlier.
        number.claimed = sorted([*number.claimed, *rows], key=lambda row: row.lane > 0)

    def _go(self, number: Number) -> None:
        while number.claimed and self._flying() < THREADS:
            claim = number.claimed[0]
            if number.due(claim) > time.monotonic():
                return
            number.claimed.pop(0)
            if not self._gate.go(number, claim, self._call):
                self._next["pick"] = 0.0

    def _call(self, result: Result) -> None:
        self._recorder.put(result)

    def _done(self, result: Result) -> None:
        with self._lock:
            self._finished.append(result)
        self._wake.set()

    def _collect(self) -> None:
        with self._lock:
            finished, self._finished = self._finished, []
        for result in finished:
            number = self._numbers.get(result.instance_id)
            if number:
                number.flying.pop((result.message_id, result.attempt), None)
                if result.outcome in ("instance", "unknown"):
                    self._next["pick"] = 0.0

    def _flying(self) -> int:
        return sum(len(number.flying) for number in self._numbers.values())

    def _remember(self) -> None:
        numbers = list(self._numbers.values())
        claimed = [claim.message_id for number in numbers for claim in number.claimed]
        flying = [message_id for number in numbers for message_id, _attempt in number.flying]
        self._held = (time.monotonic(), claimed, flying)

    def _in_hand(self) -> Sequence[uuid.UUID]:
        """Claims count only while the shift is alive; a call counts until its result is in."""
        at, claimed, flying = self._held
        return [*claimed, *flying] if time.monotonic() - at < self._lease else flying

    def _pause(self) -> None:
        """Until the next go, claim or round; a result that comes in ends it."""
        now, moment = time.monotonic(), clock.now()
        until = min([*self._next.values(), *(number.wakes_at(moment, now) for number in self._numbers.values())])
        self._wake.wait(max(until - now, SHORTEST_PAUSE))
        self._wake.clear()

    def _nothing_soon(self) -> bool:
        waiting = self._store.waiting()
        if waiting.probe_due or self._prober.is_busy() or not self._recorder.is_idle():
            return False
        return waiting.next_send is None or (waiting.next_send - clock.now()).total_seconds() > HORIZON

    def _forget(self) -> None:
        """The database is away: our leases will run out, so drop what was claimed; calls on the wire go on."""
        for number in self._numbers.values():
            number.claimed.clear()
        self._next = dict.fromkeys(self._next, 0.0)
        self._is_fresh = False

    def _end_shift(self) -> None:
        try:
            self._store.release()
        except SQLAlchemyError:
            log.warning("release_failed", exc_info=True)
        self._store.close()
        self._forget()
        self._numbers = {key: number for key, number in self._numbers.items() if number.flying}
        self._remember()
