"""What was spoken, what it cost, and how much of it was there already."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text

from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.permissions import require
from app.voice.models import CachedAudio, VoiceBudget, VoiceUsage
from app.voice.rules import money as rules

_SUMS = """
    SELECT provider, voice_class, coalesce(sum(requests), 0)::bigint AS requests,
        coalesce(sum(requests) FILTER (WHERE cached), 0)::bigint AS hits,
        coalesce(sum(characters), 0)::bigint AS characters, coalesce(sum(billed), 0)::bigint AS billed,
        coalesce(sum(duration), 0) AS duration, coalesce(sum(cost_usd), 0) AS cost
    FROM tts_metrics WHERE tenant_id = :tenant AND {where} GROUP BY provider, voice_class ORDER BY provider, voice_class
"""
_CAMPAIGN = text(_SUMS.format(where="campaign_id = :campaign"))
_IS_OURS = text("SELECT 1 FROM campaigns WHERE id = :campaign AND tenant_id = :tenant")
_MONTH = text(_SUMS.format(where="day >= :since"))


@dataclass(frozen=True)
class Share:
    """One provider and class of voice. `billed`: characters that were really synthesised."""

    provider: str
    voice_class: str
    requests: int
    hits: int
    characters: int
    billed: int
    duration: float
    cost: Decimal

    @property
    def cost_usd(self) -> float:
        return float(self.cost)


@dataclass(frozen=True)
class Usage:
    shares: tuple[Share, ...] = field(default=())

    @property
    def requests(self) -> int:
        return sum(one.requests for one in self.shares)

    @property
    def hits(self) -> int:
        return sum(one.hits for one in self.shares)

    @property
    def characters(self) -> int:
        return sum(one.characters for one in self.shares)

    @property
    def billed(self) -> int:
        return sum(one.billed for one in self.shares)

    @property
    def duration(self) -> float:
        return sum(one.duration for one in self.shares)

    @property
    def cost(self) -> Decimal:
        return sum((one.cost for one in self.shares), Decimal(0))

    @property
    def hit_rate(self) -> float | None:
        return self.hits / self.requests if self.requests else None

    @property
    def is_low(self) -> bool:
        return rules.is_low(self.hits, self.requests)


@dataclass(frozen=True)
class Shelf:
    """What is kept: audios and parts, in bytes."""

    audios: int
    bytes: int
    uses: int


def of_campaign(campaign_id: uuid.UUID) -> Usage:
    require("campaigns.read")
    scope = {"tenant": current_actor().tenant_id, "campaign": campaign_id}
    if read_session().scalar(_IS_OURS, scope) is None:
        raise NotFound
    return _usage(_CAMPAIGN, campaign=campaign_id)


def of_month(day: date) -> Usage:
    return _usage(_MONTH, since=rules.month_of(day))


def of_last_week(day: date) -> Usage:
    return _usage(_MONTH, since=day - timedelta(days=6))


def _usage(query: Any, **values: Any) -> Usage:
    rows = read_session().execute(query, {"tenant": current_actor().tenant_id, **values})
    return Usage(tuple(Share(*row) for row in rows))


def by_day(day: date, count: int = 30) -> list[tuple[date, int, int]]:
    """(day, from the cache, made), the newest last, quiet days too."""
    first = day - timedelta(days=count - 1)
    one = VoiceUsage
    query = select(one.day, one.cached, func.sum(one.requests)).where(
        one.tenant_id == current_actor().tenant_id, one.day >= first
    )
    found = {
        (on, cached): int(total) for on, cached, total in read_session().execute(query.group_by(one.day, one.cached))
    }
    days = [first + timedelta(days=ahead) for ahead in range(count)]
    return [(on, found.get((on, True), 0), found.get((on, False), 0)) for on in days]


def budget(day: date) -> rules.Budget:
    """Of the month of that day: another month's spending counts nothing."""
    query = select(VoiceBudget).where(VoiceBudget.tenant_id == current_actor().tenant_id)
    row = read_session().scalar(query.execution_options(populate_existing=True))
    if row is None:
        return rules.Budget(None, Decimal(0), False)
    is_now = row.month == rules.month_of(day)
    return rules.Budget(row.monthly_usd, row.spent_usd if is_now else Decimal(0), row.is_lifted and is_now)


def shelf() -> Shelf:
    one = CachedAudio
    sums = select(func.count(), func.coalesce(func.sum(one.path_bytes + one.voice_bytes), 0), func.sum(one.usage_count))
    row = read_session().execute(sums.where(one.tenant_id == current_actor().tenant_id, one.state == "ready")).one()
    return Shelf(int(row[0]), int(row[1]), int(row[2] or 0))
