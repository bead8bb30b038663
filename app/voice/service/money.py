"""What is spent: reserved before a provider is asked, so that fifty workers together never pass the budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import text

from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.voice.rules import money as rules
from app.voice.service.limits import prices
from app.voice.service.trouble import Trouble

MOST_USD = Decimal(1_000_000)
_OPEN = text("""
    INSERT INTO tts_budgets (tenant_id, month) VALUES (:tenant, :month) ON CONFLICT (tenant_id) DO UPDATE SET
        month = excluded.month, spent_usd = 0, is_lifted = false, told = 0 WHERE tts_budgets.month < excluded.month
""")
_RESERVE = text("""
    UPDATE tts_budgets SET spent_usd = spent_usd + :cost
    WHERE tenant_id = :tenant AND (monthly_usd IS NULL OR is_lifted OR spent_usd + :cost <= monthly_usd)
    RETURNING spent_usd, monthly_usd, told
""")
_REFUND = text("""
    UPDATE tts_budgets SET spent_usd = greatest(spent_usd - :cost, 0) WHERE tenant_id = :tenant AND month = :month
""")
_TOLD = text("UPDATE tts_budgets SET told = :mark WHERE tenant_id = :tenant AND told < :mark")
_SET = text("UPDATE tts_budgets SET monthly_usd = :usd, told = 0, is_lifted = false WHERE tenant_id = :tenant")
_LIFT = text("UPDATE tts_budgets SET is_lifted = true WHERE tenant_id = :tenant")
_RECORD = text("""
    INSERT INTO tts_metrics AS m (tenant_id, day, campaign_id, provider, voice_class, cached, requests, characters,
        billed, duration, cost_usd)
    VALUES (:tenant, :day, :campaign, :provider, :voice_class, :cached, :requests, :characters, :billed, :duration,
        :cost)
    ON CONFLICT (tenant_id, day, campaign_id, provider, voice_class, cached) DO UPDATE SET
        requests = m.requests + excluded.requests, characters = m.characters + excluded.characters,
        billed = m.billed + excluded.billed, duration = m.duration + excluded.duration,
        cost_usd = m.cost_usd + excluded.cost_usd
""")
_ZONE = text("SELECT timezone FROM tenants WHERE id = :tenant")
_RATE = text("""
    SELECT coalesce(sum(requests) FILTER (WHERE cached), 0) AS hits, coalesce(sum(requests), 0) AS requests
    FROM tts_metrics WHERE tenant_id = :tenant AND day > cast(:day AS date) - 7
""")
_TELL_RATE = text("""
    INSERT INTO tts_budgets AS b (tenant_id, month, told_rate_on) VALUES (:tenant, :month, :day)
    ON CONFLICT (tenant_id) DO UPDATE SET told_rate_on = excluded.told_rate_on
    WHERE b.told_rate_on IS DISTINCT FROM excluded.told_rate_on RETURNING 1
""")


@dataclass(frozen=True)
class Use:
    """One audio that somebody asked for. `cached`: nothing had to be synthesised."""

    provider: str
    voice_class: str
    cached: bool
    characters: int
    billed: int
    duration: float
    cost: Decimal


def today() -> date:
    """The company's own day."""
    with transaction() as session:
        zone = session.scalar(_ZONE, {"tenant": current_actor().tenant_id}) or "America/Sao_Paulo"
    return clock.now().astimezone(ZoneInfo(zone)).date()


def price(provider: str, voice_class: str) -> Decimal:
    """US dollars for a million characters, today."""
    return rules.price_of(prices(), provider, voice_class, clock.now().date())


def reserve(provider: str, voice_class: str, characters: int) -> Decimal:
    """What the synthesis will cost, taken from the month. Raises Trouble `budget` when it is used up."""
    cost = rules.cost(characters, price(provider, voice_class))
    if not cost:
        return cost
    with transaction() as session:
        tenant, month = _this_month()
        session.execute(_OPEN, {"tenant": tenant, "month": month})
        row = session.execute(_RESERVE, {"tenant": tenant, "cost": cost}).one_or_none()
        if row is not None:
            _tell(rules.to_tell(rules.per_cent(row.spent_usd, row.monthly_usd), row.told))
    if row is None:
        with transaction():
            _tell(rules.STOP_AT)
        raise Trouble("budget")
    return cost


def refund(cost: Decimal) -> None:
    """The provider did not do it."""
    if cost:
        with transaction() as session:
            tenant, month = _this_month()
            session.execute(_REFUND, {"tenant": tenant, "month": month, "cost": cost})


def _this_month() -> tuple[UUID, date]:
    return current_actor().tenant_id, rules.month_of(today())


def _tell(mark: int | None) -> None:
    """Once a month and mark; alerts and pages read the fact and the row."""
    if mark is None:
        return
    with transaction() as session:
        if session.execute(_TOLD, {"tenant": current_actor().tenant_id, "mark": mark}).rowcount:
            emit("voice.budget", percent=mark)


def set_budget(usd: Decimal | None) -> None:
    """Of each month; None = no bound. Raises Invalid."""
    require("settings.manage")
    if usd is not None and not 0 <= usd <= MOST_USD:
        raise Invalid.field("monthly_usd", _("Informe um valor de 0 a 1.000.000 dólares."))
    with transaction() as session:
        tenant, month = _this_month()
        session.execute(_OPEN, {"tenant": tenant, "month": month})
        session.execute(_SET, {"tenant": tenant, "usd": usd})
        audit("voice.budget", "tenant", tenant, {"monthly_usd": None if usd is None else str(usd)})
        emit("voice.budget_changed")


def lift() -> None:
    """The owner lets this month pass its budget; the next one has it again."""
    require("settings.manage")
    with transaction() as session:
        tenant, month = _this_month()
        session.execute(_OPEN, {"tenant": tenant, "month": month})
        session.execute(_LIFT, {"tenant": tenant})
        audit("voice.lift_budget", "tenant", tenant)
        emit("voice.budget_changed")


def record(uses: Iterable[Use], campaign_id: UUID | None = None) -> None:
    """Summed first: one statement per kind, in one order for every process."""
    sums: dict[tuple[str, str, bool], list[Any]] = defaultdict(lambda: [0, 0, 0, 0.0, Decimal(0)])
    for use in uses:
        one = sums[use.provider, use.voice_class, use.cached]
        for at, value in enumerate((1, use.characters, use.billed, use.duration, use.cost)):
            one[at] += value
    if not sums:
        return
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "day": today(), "campaign": campaign_id}
        names = ("requests", "characters", "billed", "duration", "cost")
        for (provider, voice_class, cached), values in sorted(sums.items()):
            about = {"provider": provider, "voice_class": voice_class, "cached": cached}
            session.execute(_RECORD, scope | about | dict(zip(names, values, strict=True)))


def tell_low_rate() -> bool:
    """At most once a day: of the last week's audios fewer than 60 % were there already."""
    day = today()
    with transaction() as session:
        tenant = current_actor().tenant_id
        row = session.execute(_RATE, {"tenant": tenant, "day": day}).one()
        if not rules.is_low(int(row.hits), int(row.requests)):
            return False
        told = session.scalar(_TELL_RATE, {"tenant": tenant, "month": rules.month_of(day), "day": day})
        if told:
            emit("voice.cache_rate", percent=int(row.hits * 100 / row.requests), requests=int(row.requests))
        return bool(told)
