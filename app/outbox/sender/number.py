"""One number as its sender sees it: settings, waits (monotonic seconds) and what is claimed or on the wire."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.engine import Row

from app.gateways.port import Credentials
from app.instances.rules import credentials_of
from app.outbox import pacing
from app.outbox.models import Lane


@dataclass
class Number:
    id: uuid.UUID
    tenant_id: uuid.UUID
    provider: str
    credentials: Credentials
    settings: dict[str, Any]
    pace: pacing.Pace
    zone: str
    stamp: datetime
    next_due: float = 0.0
    high_due: float = 0.0
    batch_goes: int = 0
    day: date | None = None
    day_goes: int = 0
    first_go: datetime | None = None
    has_high: bool = False
    fastest_ms: int = 0
    claimed: list[Row[Any]] = field(default_factory=list)
    flying: set[tuple[uuid.UUID, int]] = field(default_factory=set)
    claim_after: float = 0.0

    @classmethod
    def from_row(cls, row: Row[Any]) -> "Number":
        number = cls(
            id=row.instance_id,
            tenant_id=row.tenant_id,
            provider=row.provider,
            credentials=credentials_of(row.external_name, row.credentials),
            settings=row.pace,
            pace=pacing.read_pace(row.pace),
            zone=row.timezone,
            stamp=row.stamp,
        )
        number.refresh(row)
        return number

    def refresh(self, row: Row[Any]) -> None:
        """Take the database's word for waits and counts; settings only when their stamp changed."""
        if row.stamp != self.stamp:
            self.settings, self.pace = row.pace, pacing.read_pace(row.pace)
            self.credentials = credentials_of(row.external_name, row.credentials)
        self.zone, self.stamp = row.timezone, row.stamp
        now = time.monotonic()
        longest = pacing.longest_gap(self.pace)
        # A wait beyond the longest gap is a clock that jumped, never a pace; campaigns may pause longer, so be generous.
        self.next_due = now + max(0.0, row.next_wait) if row.next_wait <= max(longest, 86_400) else now
        self.high_due = now + max(0.0, row.high_wait) if row.high_wait <= longest else now
        self.batch_goes, self.day, self.day_goes = row.batch_goes, row.day, row.day_goes
        self.first_go, self.has_high = row.first_go_at, row.has_high
        lane = row.fastest_lane_ms
        self.fastest_ms = self.pace.delay_min_ms if lane is None else min(lane, self.pace.delay_min_ms)

    def lane_pace(self, claim: Row[Any]) -> pacing.Pace:
        return pacing.read_pace(self.settings, claim.lane_pace) if claim.lane_pace else self.pace

    def due(self, claim: Row[Any]) -> float:
        return self.high_due if claim.lane == Lane.HIGH else max(self.next_due, self.high_due)

    def cap(self, now: datetime) -> int | None:
        return pacing.cap_today(self.pace, self.first_go, self.zone, now)

    def slow_lanes_closed(self, now: datetime, monotonic: float, horizon: float) -> bool:
        """Whether only answers may be claimed: batch pause, cap reached, or outside the number's hours."""
        if self.next_due - monotonic > horizon:
            return True
        cap = self.cap(now)
        if cap is not None and self.day == pacing.local_day(self.zone, now) and self.day_goes >= cap:
            return True
        return False

    def limit(self) -> int:
        """Calls open at once; a campaign faster than human raises it."""
        return pacing.in_flight(self.fastest_ms)

    def room(self) -> int:
        return self.limit() - len(self.claimed) - len(self.flying)

    def rest(self, seconds: float) -> None:
        self.claim_after = time.monotonic() + seconds
