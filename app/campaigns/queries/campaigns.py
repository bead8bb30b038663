"""Campaigns and what they refer to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text

from app.campaigns.models import Campaign, CampaignInstance
from app.campaigns.queries.audience import Audience
from app.core import ids
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.paging import Page, clamp
from app.core.permissions import require
from app.instances.models import Instance

_ZONE = text("SELECT timezone FROM tenants WHERE id = :id")

_CANCELLED = text("""
    SELECT c.id FROM campaigns c WHERE c.tenant_id = :tenant AND c.status = 'cancelled'
      AND c.completed_at > now() - interval '7 days' AND EXISTS (SELECT 1 FROM campaign_instances i
        JOIN outbox o ON o.instance_id = i.instance_id AND o.campaign_id = i.campaign_id AND o.state = 'queued'
        WHERE i.campaign_id = c.id)
""")


_UNSPOKEN = text("""
    SELECT s.campaign_id FROM campaign_speech s JOIN campaigns c ON c.id = s.campaign_id
    WHERE c.tenant_id = :tenant AND c.status = 'sending' AND s.settings IS NOT NULL
      AND (s.owner IS NULL OR s.lease < clock_timestamp())
      AND (s.waits_until IS NULL OR s.waits_until <= clock_timestamp())
      AND EXISTS (SELECT 1 FROM outbox o WHERE o.campaign_id = s.campaign_id AND o.held = 'voice')
""")


def _mine() -> ColumnElement[bool]:
    return Campaign.tenant_id == current_actor().tenant_id


def get_campaign(campaign_id: uuid.UUID) -> Campaign:
    """Always fresh: pages and jobs read what others just wrote."""
    require("campaigns.read")
    found = find_campaign(campaign_id)
    if found is None:
        raise NotFound
    return found


def find_campaign(campaign_id: uuid.UUID) -> Campaign | None:
    query = select(Campaign).where(Campaign.id == campaign_id, _mine())
    return read_session().scalar(query.execution_options(populate_existing=True))


def list_campaigns(
    page: int | None = 1,
    limit: int | None = None,
    *,
    search: str = "",
    status: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Campaign]:
    """Newest first."""
    require("campaigns.read")
    number, size = clamp(page, limit)
    query = select(Campaign).where(_mine(), *_clauses(search, status, since, until))
    session = read_session()
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(Campaign.id.desc()).limit(size).offset((number - 1) * size))
    return Page(list(rows), total=total, page=number, limit=size)


def _clauses(search: str, status: str, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if search.strip():
        clauses.append(func.lower(Campaign.name).contains(search.strip().lower(), autoescape=True))
    if status:
        clauses.append(Campaign.status == status)
    if since:
        clauses.append(Campaign.id >= ids.lower_bound(since))
    if until:
        clauses.append(Campaign.id < ids.lower_bound(until))
    return clauses


def count_by_status() -> dict[str, int]:
    require("campaigns.read")
    rows = read_session().execute(select(Campaign.status, func.count()).where(_mine()).group_by(Campaign.status))
    return dict(rows.all())


def instance_ids(campaign_id: uuid.UUID) -> list[uuid.UUID]:
    query = select(CampaignInstance.instance_id).where(CampaignInstance.campaign_id == campaign_id)
    return list(read_session().scalars(query.order_by(CampaignInstance.instance_id)))


def instances_of(campaign_id: uuid.UUID) -> list[Instance]:
    """Numbers of the campaign that still exist."""
    query = select(Instance).join(CampaignInstance, CampaignInstance.instance_id == Instance.id)
    query = query.where(CampaignInstance.campaign_id == campaign_id, Instance.deleted_at.is_(None))
    return list(read_session().scalars(query.order_by(Instance.id).execution_options(populate_existing=True)))


def instances_by_campaign(campaign_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Instance]]:
    query = select(CampaignInstance.campaign_id, Instance).join(Instance, CampaignInstance.instance_id == Instance.id)
    rows = read_session().execute(query.where(CampaignInstance.campaign_id.in_(campaign_ids)).order_by(Instance.id))
    found: dict[uuid.UUID, list[Instance]] = {}
    for campaign_id, instance in rows:
        found.setdefault(campaign_id, []).append(instance)
    return found


def audience_of(campaign: Campaign, instances: Iterable[Instance]) -> Audience:
    providers = frozenset(instance.provider for instance in instances) or frozenset({"evolution"})
    return Audience(campaign.audience, providers)


def due_campaigns(now: datetime) -> list[uuid.UUID]:
    """Scheduled ones whose time came, also while nobody was there."""
    query = select(Campaign.id).where(_mine(), Campaign.status == "scheduled", Campaign.scheduled_at <= now)
    return list(read_session().scalars(query.order_by(Campaign.scheduled_at, Campaign.id)))


def sending_campaigns() -> list[uuid.UUID]:
    query = select(Campaign.id).where(_mine(), Campaign.status == "sending")
    return list(read_session().scalars(query.order_by(Campaign.id)))


def spoken_ones_to_prepare() -> list[uuid.UUID]:
    """Sending, with texts that nobody has spoken yet, and not resting for a provider that is away."""
    return list(read_session().scalars(_UNSPOKEN, {"tenant": current_actor().tenant_id}))


def cancelled_with_messages() -> list[uuid.UUID]:
    """Cancelled lately, with messages that nobody took out of the queue yet."""
    rows = read_session().execute(_CANCELLED, {"tenant": current_actor().tenant_id})
    return [row.id for row in rows]


def campaigns_sending_on(instance_id: uuid.UUID) -> list[uuid.UUID]:
    query = select(Campaign.id).join(CampaignInstance, CampaignInstance.campaign_id == Campaign.id)
    query = query.where(_mine(), Campaign.status == "sending", CampaignInstance.instance_id == instance_id)
    return list(read_session().scalars(query.order_by(Campaign.id)))


def timezone() -> str:
    """The company's zone, in which people schedule and hours are meant."""
    return read_session().scalar(_ZONE, {"id": current_actor().tenant_id}) or "America/Sao_Paulo"
