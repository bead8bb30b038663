"""Step 2 and the hand-over to step 3: all is asked again by the database, and only its 'go' lets the call happen."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.engine import Row
from sqlalchemy.exc import SQLAlchemyError

from app.config import SendTimings
from app.core import clock
from app.core.storage.port import Storage
from app.instances.rules.pace import Pace
from app.outbox import pacing
from app.outbox.models import Lane
from app.outbox.sender import dispatch
from app.outbox.sender.number import PICK_EVERY, SICK_REST, Number
from app.outbox.sender.recorder import Recorder
from app.outbox.sender.store import Store
from app.outbox.service.results import Result

log = structlog.get_logger(__name__)

# The go refused for good: the person opted out, was blocked or erased, or already got it.
FINAL = frozenset(("opted_out", "blocked", "duplicate", "deleted"))


class Gate:
    def __init__(
        self,
        store: Store,
        pool: ThreadPoolExecutor,
        recorder: Recorder,
        storage: Storage,
        timings: SendTimings,
        rng: random.Random,
    ) -> None:
        self._store, self._pool, self._recorder = store, pool, recorder
        self._storage, self._timings, self._rng = storage, timings, rng

    def go(self, number: Number, claim: Row[Any], finish: Callable[[Result], None]) -> bool:
        """False when the message did not go: the caller should look at its numbers again."""
        now, pace = clock.now(), self._read_pace(number, claim)
        if pace is None:
            return False
        is_slow = claim.lane != Lane.HIGH
        open_until = pacing.open_until(pace.hours, number.zone, now) if is_slow else pacing.FOREVER
        if open_until is None:
            self._store.give_back(claim.message_id, claim.attempt, pacing.next_open(pace.hours, number.zone, now))
            return False
        gap, batch = pacing.gap_after(pace, number.batch_goes, self._rng)
        if not is_slow:
            gap = min(gap, pace.delay_max_ms / 1000)  # a batch ends with a campaign's message, never with an answer
        verdict, wait, high_wait = self._ask(number, claim, pace, now, gap, batch, open_until)
        if verdict != "go":
            self._not_now(number, claim, verdict, wait)
            return verdict == "early"
        moment = time.monotonic()
        number.high_due, number.next_due = moment + high_wait, moment + wait
        number.batch_goes, number.day_goes = (batch if is_slow else number.batch_goes), number.day_goes + 1
        number.flying[claim.message_id, claim.attempt] = moment
        self._start(number, claim, finish)
        return True

    def _read_pace(self, number: Number, claim: Row[Any]) -> Pace | None:
        """A campaign's broken settings let that campaign rest, and nothing else on its number."""
        try:
            return number.lane_pace(claim)
        except Exception:
            log.exception("campaign_is_sick", message_id=str(claim.message_id))
            rests_until = clock.now() + timedelta(seconds=SICK_REST)
            self._store.give_back(claim.message_id, claim.attempt, rests_until)
            return None

    def _ask(
        self,
        number: Number,
        claim: Row[Any],
        pace: Pace,
        now: datetime,
        gap: float,
        batch: int,
        open_until: datetime,
    ) -> tuple[str, float, float]:
        try:
            return self._store.go(
                claim.message_id,
                claim.attempt,
                stamp=number.stamp,
                lane_stamp=claim.lane_stamp,
                # An answer waits for the number's own minimum, whatever pause a campaign asked for.
                min_gap=min(pacing.minimum_gap(pace), pacing.minimum_gap(number.pace)),
                gap=gap,
                slack=pacing.slack(pace),
                cap=number.cap(now),
                lane_cap=(claim.lane_pace or {}).get("daily_cap") or None,
                today=pacing.local_day(number.zone, now),
                open_until=open_until,
                batch=batch,
            )
        except SQLAlchemyError:
            # Whether it was committed nobody knows; that no call was made is certain.
            self._recorder.put(dispatch.unsent(claim))
            raise

    def _start(self, number: Number, claim: Row[Any], finish: Callable[[Result], None]) -> None:
        began = time.monotonic()

        def call() -> None:
            result = dispatch.send(claim, number, self._storage, self._timings)
            finish(replace(result, seconds=time.monotonic() - began))

        try:
            self._pool.submit(call)
        except RuntimeError:  # the process is leaving
            finish(dispatch.unsent(claim))

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
            self._recorder.put(dispatch.cancelled(claim, verdict))
            return
        rests = pacing.next_midnight(number.zone, clock.now()) if verdict == "lane_cap" else None
        self._store.give_back(claim.message_id, claim.attempt, rests)
        if verdict not in ("stale", "closed", "lane_cap", "hours"):
            number.rest(PICK_EVERY)
