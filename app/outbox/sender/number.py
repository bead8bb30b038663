"""One number as its sender sees it: settings, waits (monotonic seconds) and what is claimed or on the wire."""

import math
import time
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.engine import Row

from app.gateways.port import Credentials
from app.instances.rules import credentials_of
from app.instances.rules.pace import Pace, read_pace
from app.outbox import pacing
from app.outbox.models import Lane

HORIZON = 0.3
PICK_EVERY = 0.25
SLOW_CALL = 5.0
SICK_REST = 30.0  # of a number or a campaign whose settings cannot be read


@dataclass(frozen=True)
class Wanted:
    """What may be claimed now: so many, while no more than `limit` are open on the number."""

    count: int
    limit: int
    only_high: bool


@dataclass
class Number:
    id: uuid.UUID
    tenant_id: uuid.UUID
    provider: str
    credentials: Credentials
    settings: dict[str, Any]
    pace: Pace
    zone: str
    stamp: datetime
    is_ours: bool = True
    next_due: float = 0.0
    high_due: float = 0.0
    batch_goes: int = 0
    day: date | None = None
    day_goes: int = 0
    first_go: datetime | None = None
    has_high: bool = False
    is_recovering: bool = False
    fastest_ms: int = 0
    claimed: list[Row[Any]] = field(default_factory=list)
    # When each call on the wire began (monotonic seconds).
    flying: dict[tuple[uuid.UUID, int], float] = field(default_factory=dict)
    claim_after: float = 0.0

    @classmethod
    def from_row(cls, row: Row[Any]) -> "Number":
        number = cls(
            id=row.instance_id,
            tenant_id=row.tenant_id,
            provider=row.provider,
            credentials=credentials_of(row.external_name, row.credentials),
            settings=row.pace,
            pace=read_pace(row.pace),
            zone=row.timezone,
            stamp=row.stamp,
        )
        number.refresh(row)
        return number

    def refresh(self, row: Row[Any]) -> None:
        """Take the database's word for waits and counts; settings only when their stamp changed."""
        if row.stamp != self.stamp:
            self.settings, self.pace = row.pace, read_pace(row.pace)
            self.credentials = credentials_of(row.external_name, row.credentials)
        self.zone, self.stamp, self.is_ours = row.timezone, row.stamp, True
        now = time.monotonic()
        self.next_due, self.high_due = now + max(0.0, row.next_wait), now + max(0.0, row.high_wait)
        self.batch_goes, self.day, self.day_goes = row.batch_goes, row.day, row.day_goes
        self.first_go, self.has_high, self.is_recovering = row.first_go_at, row.has_high, row.is_recovering
        lane = row.fastest_lane_ms
        self.fastest_ms = self.pace.delay_min_ms if lane is None else min(lane, self.pace.delay_min_ms)

    def lane_pace(self, claim: Row[Any]) -> Pace:
        return read_pace(self.settings, claim.lane_pace) if claim.lane_pace else self.pace

    def due(self, claim: Row[Any]) -> float:
        return self.high_due if claim.lane == Lane.HIGH else max(self.next_due, self.high_due)

    def cap(self, now: datetime) -> int | None:
        return pacing.cap_today(self.pace, self.first_go, self.zone, now)

    def is_capped(self, now: datetime) -> bool:
        cap = self.cap(now)
        return cap is not None and self.day == pacing.local_day(self.zone, now) and self.day_goes >= cap

    def limit(self, monotonic: float) -> int:
        """Calls open at once. A campaign faster than human raises it; a call that hangs lowers it; after trouble one
        message goes ahead alone: if it hangs too, it is the only one to verify."""
        if self.is_recovering or any(monotonic - began > SLOW_CALL for began in self.flying.values()):
            return 1
        return pacing.in_flight(self.fastest_ms)

    def claimable(self, now: datetime, monotonic: float) -> Wanted | None:
        """An answer may be claimed beside what is open already: it does not wait for a slow file."""
        if not self.is_ours or monotonic < self.claim_after:
            return None
        limit, is_open = self.limit(monotonic), len(self.claimed) + len(self.flying)
        room = limit - is_open
        slow_due = max(self.next_due, self.high_due)
        if room > 0 and slow_due - monotonic <= HORIZON and not self.is_capped(now):
            return Wanted(room, limit, only_high=False)
        beside = pacing.in_flight(self.fastest_ms) + 1
        if self.has_high and is_open < beside and self.high_due - monotonic <= HORIZON:
            return Wanted(1, beside, only_high=True)
        return None

    def has_work(self, now: datetime, monotonic: float) -> bool:
        is_due = bool(self.claimed) and self.due(self.claimed[0]) <= monotonic
        return is_due or self.claimable(now, monotonic) is not None

    def wakes_at(self, now: datetime, monotonic: float) -> float:
        """When there is something to do (monotonic seconds): a due message, or something to claim."""
        if self.claimed:
            return self.due(self.claimed[0])
        if not self.is_ours:
            return math.inf
        is_full = len(self.flying) >= self.limit(monotonic)
        slow = math.inf if is_full or self.is_capped(now) else max(self.next_due, self.high_due) - HORIZON
        high = self.high_due - HORIZON if self.has_high else math.inf
        return max(self.claim_after, min(slow, high))

    def rest(self, seconds: float) -> None:
        self.claim_after = time.monotonic() + seconds
