"""Reads of the first page. None of them counts the ledger: roll-ups, the queue and small tables only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.campaigns.models import Campaign
from app.campaigns.queries import forecast
from app.contacts.models import Import
from app.contacts.queries.people import count_all
from app.core import clock
from app.core.context import current_actor
from app.core.db import read_session
from app.dashboard.rules import Day, fill_days
from app.instances.models import Instance
from app.instances.queries import list_instances
from app.messages.models import DailyMetric
from app.outbox import pacing

COUNTED = 50_000  # beyond it the queue is "more than"
FORESEEN = 20_000  # a longer rest is forecast on the campaign's own page, which counts its rivals too
_IDS = bindparam("ids", type_=ARRAY(Uuid(as_uuid=True)))
_QUEUE = text("""
    SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE instance_id = ANY (:ids) AND state = 'queued' LIMIT :cap) q),
        count(*) FILTER (WHERE state IN ('claimed', 'sending')), count(*) FILTER (WHERE state = 'unconfirmed')
    FROM outbox WHERE instance_id = ANY (:ids) AND state <> 'queued'
""").bindparams(_IDS)
_LEFT = text("""
    SELECT campaign_id, count(*) FROM outbox WHERE campaign_id = ANY (:ids) AND state = 'queued' GROUP BY campaign_id
""").bindparams(_IDS)
_HOLDS = text("""
    SELECT instance_id, hold FROM instance_pace WHERE instance_id = ANY (:ids) AND hold IS NOT NULL
""").bindparams(_IDS)


@dataclass(frozen=True)
class Queue:
    queued: int
    sending: int
    unconfirmed: int
    counted: int = COUNTED

    @property
    def is_capped(self) -> bool:
        return self.queued > self.counted

    @property
    def waiting(self) -> int:
        return min(self.queued, self.counted) + self.sending


@dataclass(frozen=True)
class Number:
    instance: Instance
    hold: str | None

    @property
    def needs_care(self) -> bool:
        one = self.instance
        return one.is_active and (one.status != "connected" or bool(self.hold or one.health.get("silent_since")))


@dataclass(frozen=True)
class Running:
    """A campaign on its way; `ends_at` is None while nobody can tell."""

    campaign: Campaign
    done: int
    ends_at: datetime | None


def today(zone: str) -> date:
    return pacing.local_day(zone, clock.now())


def last_days(zone: str, count: int) -> list[Day]:
    """Newest last."""
    last = today(zone)
    metric = DailyMetric
    sums = [func.sum(getattr(metric, name)) for name in ("sent", "delivered", "read", "replied", "failed", "received")]
    mine = metric.tenant_id == current_actor().tenant_id
    query = select(metric.day, *sums).where(mine, metric.day > last - timedelta(days=count)).group_by(metric.day)
    return fill_days([Day(*row) for row in read_session().execute(query)], last, count)


def numbers() -> list[Number]:
    """Those that need a hand first."""
    instances = list_instances()
    rows = read_session().execute(_HOLDS, {"ids": [one.id for one in instances]})
    holds = {row.instance_id: row.hold for row in rows}
    found = [Number(one, holds.get(one.id)) for one in instances]
    return sorted(found, key=lambda one: (not one.needs_care, one.instance.status == "connecting"))


def queue(instance_ids: Sequence[uuid.UUID], counted: int = COUNTED) -> Queue:
    """Stops counting at `counted`: a page needs no exact figure of a queue that takes hours."""
    found = read_session().execute(_QUEUE, {"ids": list(instance_ids), "cap": counted + 1}).one()
    return Queue(*found, counted=counted)


def running(limit: int = 5) -> list[Running]:
    """Sending and paused ones first, then the next scheduled."""
    live = _campaigns(("sending", "paused"), Campaign.id.desc(), limit)
    rest = limit - len(live)
    waiting = _campaigns(("scheduled",), Campaign.scheduled_at, rest) if rest else []
    left = _left(live)
    return [_running(one, left.get(one.id, 0)) for one in (*live, *waiting)]


def _campaigns(statuses: Sequence[str], order: object, limit: int) -> list[Campaign]:
    query = select(Campaign).where(Campaign.tenant_id == current_actor().tenant_id, Campaign.status.in_(statuses))
    return list(read_session().scalars(query.order_by(order).limit(limit).execution_options(populate_existing=True)))


def _left(campaigns: Sequence[Campaign]) -> dict[uuid.UUID, int]:
    started = [one.id for one in campaigns if one.started_at]
    return dict(read_session().execute(_LEFT, {"ids": started}).all()) if started else {}


def _running(campaign: Campaign, left: int) -> Running:
    if campaign.started_at is None:
        return Running(campaign, 0, None)
    tells_end = campaign.status == "sending" and left <= FORESEEN
    ends_at = forecast.last_end(forecast.shares_of(campaign)) if tells_end else None
    return Running(campaign, max(campaign.total - left, 0), ends_at)


def recent_imports(limit: int = 4) -> list[Import]:
    query = select(Import).where(Import.tenant_id == current_actor().tenant_id)
    query = query.order_by(Import.id.desc()).limit(limit).execution_options(populate_existing=True)
    return list(read_session().scalars(query))


def steps_done() -> set[str]:
    """Which of the four first steps the company has behind it."""
    tenant = current_actor().tenant_id
    session = read_session()
    started = select(Campaign.id).where(Campaign.tenant_id == tenant, Campaign.started_at.is_not(None)).limit(1)
    checks = {
        "contacts": count_all() > 0,
        "number": any(one.last_connection_at or one.status == "connected" for one in list_instances()),
        "campaign": session.scalar(select(Campaign.id).where(Campaign.tenant_id == tenant).limit(1)) is not None,
        "sent": session.scalar(started) is not None,
    }
    return {name for name, is_done in checks.items() if is_done}
