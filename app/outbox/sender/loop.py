"""The shift: pick numbers, claim, go, call, record; beat and sweep meanwhile."""

import os
import random
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from flask import Flask
from sqlalchemy.engine import Row
from sqlalchemy.exc import DBAPIError

from app.config import SendTimings
from app.core import clock
from app.core.storage.port import Storage
from app.extensions import db
from app.outbox import pacing
from app.outbox.models import Lane
from app.outbox.sender import dispatch
from app.outbox.sender.number import Number
from app.outbox.sender.probe import Prober
from app.outbox.sender.recorder import Recorder
from app.outbox.sender.store import Store
from app.outbox.service.results import Result

log = structlog.get_logger(__name__)

THREADS = 256
HORIZON = 0.3
PICK_EVERY = 0.25
LEASE = 15.0
FINAL = {"opted_out": "opted_out", "blocked": "blocked", "duplicate": "duplicate", "deleted": "deleted"}


class Sender:
    """Lives as long as its process; shifts run on it one after another, so that calls outlive a shift.

    Thread map: the shift's thread owns `numbers` and the store; pool threads call gateways; the recorder writes
    results. They meet in `_finished`, a list under a lock, and in `_wake`.
    """

    def __init__(self, app: Flask, storage: Storage, timings: SendTimings, *, rng: random.Random | None = None) -> None:
        self.me = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._timings, self._storage = timings, storage
        self._rng = rng or random.Random()
        self._lease = min(LEASE, timings.lease)
        with app.app_context():
            self._store = Store(db.engine, self.me, self._lease)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="send")
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._finished: list[Result] = []
        first_probe = timings.probe_after[0]
        self._recorder = Recorder(app, self._done, probe_in=first_probe, settle=timings.verify_settle)
        self._prober = Prober(app, timings)
        self._numbers: dict[uuid.UUID, Number] = {}
        self._next = {"pick": 0.0, "beat": 0.0, "sweep": 0.0}

    def shift(self, seconds: float, stop: Callable[[], bool]) -> bool:
        """Send for up to `seconds`. Returns whether work is left that another shift should do soon."""
        deadline = time.monotonic() + seconds
        idle_since = time.monotonic()
        try:
            while not stop() and (now := time.monotonic()) < deadline:
                try:
                    busy = self._tick(now)
                except DBAPIError:
                    log.warning("sender_lost_database", exc_info=True)
                    self._forget()
                    self._wake.wait(0.5)
                    busy = True
                idle_since = now if busy else idle_since
                if now - idle_since > self._timings.idle_poll and self._nothing_soon():
                    return False
            return True
        finally:
            self._end_shift()

    def drain(self, seconds: float) -> bool:
        """Wait for calls on the wire to be recorded, at a stop. False when some are not: their lease tells."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._collect()
            if self._recorder.is_idle() and not self._flying():
                return True
            self._wake.wait(0.05)
            self._wake.clear()
        return False

    def _tick(self, now: float) -> bool:
        self._collect()
        self._on_time("beat", now, self._lease / 3, self._store.beat)
        self._on_time("sweep", now, self._timings.sweep, self._sweep)
        self._on_time("pick", now, PICK_EVERY, self._pick)
        for number in list(self._numbers.values()):
            self._claim(number)
            self._go(number)
        self._pause()
        return bool(self._numbers) or self._flying() > 0 or self._prober.is_busy()

    def _on_time(self, name: str, now: float, every: float, call: Callable[[], Any]) -> None:
        if now >= self._next[name]:
            self._next[name] = now + every
            call()

    def _sweep(self) -> None:
        self._store.expire()
        for row in self._store.probes(16, max(self._timings.http_timeout * 2, 5.0)):
            self._prober.start(row, self._pool)

    def _pick(self) -> None:
        rows = {row.instance_id: row for row in self._store.pick()}
        for instance_id, row in rows.items():
            number = self._numbers.get(instance_id)
            if number is None:
                self._adopt(row)
            else:
                number.refresh(row)
        for instance_id in [key for key in self._numbers if key not in rows]:
            number = self._numbers[instance_id]
            if not number.claimed and not number.flying:
                del self._numbers[instance_id]

    def _adopt(self, row: Row[Any]) -> None:
        try:
            self._numbers[row.instance_id] = Number.from_row(row)
        except ValueError:
            log.error("credentials_unreadable", instance_id=str(row.instance_id))

    def _claim(self, number: Number) -> None:
        now = time.monotonic()
        room = number.room()
        if room <= 0 or now < number.claim_after:
            return
        only_high = number.slow_lanes_closed(clock.now(), now, HORIZON)
        if (only_high and not number.has_high) or number.high_due - now > HORIZON:
            return
        rows = self._store.claim(
            number.id,
            want=room,
            limit=number.limit(),
            open_s=self._timings.recipient_open,
            open_high_s=self._timings.recipient_open_high,
            high_only=only_high,
        )
        if not rows:
            number.rest(PICK_EVERY)
        number.claimed += rows

    def _go(self, number: Number) -> None:
        while number.claimed:
            claim = number.claimed[0]
            if number.due(claim) > time.monotonic():
                return
            number.claimed.pop(0)
            self._go_one(number, claim)

    def _go_one(self, number: Number, claim: Row[Any]) -> None:
        """Step 2: all is asked again by the database, and only 'go' lets the call happen."""
        now, pace = clock.now(), number.lane_pace(claim)
        is_slow = claim.lane != Lane.HIGH
        open_until = pacing.open_until(pace.hours, number.zone, now) if is_slow else pacing.FOREVER
        if open_until is None:
            self._store.give_back(claim.message_id, claim.attempt, pacing.next_open(pace.hours, number.zone, now))
            return
        gap, batch = pacing.gap_after(pace, number.batch_goes, self._rng)
        minimum = pacing.minimum_gap(pace)
        verdict, wait = self._store.go(
            claim.message_id,
            claim.attempt,
            stamp=number.stamp,
            lane_stamp=claim.lane_stamp,
            min_gap=minimum,
            gap=gap if is_slow else max(minimum, min(gap, pace.delay_max_ms / 1000)),
            longest=max(pacing.longest_gap(pace), pacing.longest_gap(number.pace)),
            slack=pacing.slack(pace),
            cap=number.cap(now),
            lane_cap=(claim.lane_pace or {}).get("daily_cap"),
            today=pacing.local_day(number.zone, now),
            open_until=open_until,
            batch=batch,
        )
        if verdict != "go":
            self._not_now(number, claim, verdict, wait)
            return
        moment = time.monotonic()
        number.high_due = moment + min(minimum, wait)
        number.next_due = moment + wait if is_slow else max(number.next_due, moment + wait)
        number.batch_goes, number.day_goes = (batch if is_slow else number.batch_goes), number.day_goes + 1
        number.flying.add((claim.message_id, claim.attempt))
        self._pool.submit(self._call, claim, number)

    def _not_now(self, number: Number, claim: Row[Any], verdict: str, wait: float) -> None:
        if verdict == "lost":
            return
        if verdict == "early":
            due = time.monotonic() + wait
            number.high_due = due if claim.lane == Lane.HIGH else number.high_due
            number.next_due = due if claim.lane != Lane.HIGH else number.next_due
            number.claimed.insert(0, claim)
            return
        if verdict in FINAL:
            self._finish(claim, FINAL[verdict])
            return
        rests = pacing.next_midnight(number.zone, clock.now()) if verdict == "lane_cap" else None
        self._store.give_back(claim.message_id, claim.attempt, rests)
        self._next["pick"] = 0.0
        if verdict not in ("stale", "closed", "lane_cap", "hours"):
            number.rest(PICK_EVERY)

    def _finish(self, claim: Row[Any], code: str) -> None:
        """The go refused for good: the person opted out, was blocked, or already got it."""
        self._recorder.put(dispatch.cancelled(claim, code))

    def _call(self, claim: Row[Any], number: Number) -> None:
        self._recorder.put(dispatch.send(claim, number, self._storage, self._timings))

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
                number.flying.discard((result.message_id, result.attempt))
                if result.outcome in ("instance", "unknown"):
                    self._next["pick"] = 0.0

    def _flying(self) -> int:
        return sum(len(number.flying) for number in self._numbers.values())

    def _pause(self) -> None:
        """Until the next go, claim or round, but no longer than 20 ms while anything is driven."""
        now = time.monotonic()
        dues = [number.due(number.claimed[0]) for number in self._numbers.values() if number.claimed]
        until = min([*self._next.values(), *dues, now + (0.02 if self._numbers else PICK_EVERY)])
        if until > now:
            self._wake.wait(until - now)
        self._wake.clear()

    def _nothing_soon(self) -> bool:
        waiting = self._store.waiting()
        if waiting.probe_due or self._prober.is_busy() or not self._recorder.is_idle():
            return False
        return waiting.next_send is None or (waiting.next_send - clock.now()).total_seconds() > self._timings.shift

    def _forget(self) -> None:
        """The database is away: our leases will run out, so drop what was claimed; calls on the wire go on."""
        for number in self._numbers.values():
            number.claimed.clear()
        self._next = dict.fromkeys(self._next, 0.0)

    def _end_shift(self) -> None:
        try:
            self._store.release()
        except DBAPIError:
            log.warning("release_failed", exc_info=True)
        self._store.close()
        self._forget()
        self._numbers = {key: number for key, number in self._numbers.items() if number.flying}
