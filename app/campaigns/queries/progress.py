"""How far a campaign is: one indexed GROUP BY, and the promise counted from the rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, forecast
from app.campaigns.rules.figures import Figures, Stats, figures
from app.core import clock
from app.core.context import current_actor
from app.core.db import read_session
from app.core.permissions import require
from app.messages.models import Message

# Every queued message has its row in the outbox and every row its message; a difference would be a lost one.
_LOST = text("""
    SELECT count(*) FROM campaign_recipients r LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN outbox o ON o.message_id = r.message_id
    WHERE r.campaign_id = :campaign AND r.skip_reason IS NULL
      AND (m.id IS NULL OR (m.status IN ('queued', 'sending', 'unconfirmed') AND o.message_id IS NULL
        AND m.metadata ->> 'discarded' IS NULL))
""")
# The gateway's own ids: two of them for one message, without a person's word, would be one sent twice.
_DOUBLED = text("""
    SELECT count(*) FROM (
        SELECT r.message_id FROM campaign_recipients r JOIN external_refs x ON x.message_id = r.message_id
        WHERE r.campaign_id = :campaign GROUP BY r.message_id HAVING count(*) > 1
    ) twice
    WHERE NOT EXISTS (SELECT 1 FROM message_events e
        WHERE e.message_id = twice.message_id AND e.code IN ('resend', 'retry'))
""")
_RESENT = text("""
    SELECT count(DISTINCT e.message_id) FROM campaign_recipients r JOIN message_events e ON e.message_id = r.message_id
    WHERE r.campaign_id = :campaign AND e.code IN ('resend', 'retry')
""")


@dataclass(frozen=True)
class Ledger:
    """The promise, counted: `resent` were sent again because a person said so."""

    duplicated: int
    lost: int
    to_verify: int
    resent: int


def figures_of(campaign_id: uuid.UUID) -> Figures:
    return figures_of_many([campaign_id])[campaign_id]


def figures_of_many(campaign_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Figures]:
    query = select(Message.campaign_id, Message.status, func.count(), func.count(Message.replied_at))
    rows = read_session().execute(
        query.where(Message.campaign_id.in_(campaign_ids)).group_by(Message.campaign_id, Message.status)
    )
    found: dict[uuid.UUID, list[Any]] = {campaign_id: [] for campaign_id in campaign_ids}
    for campaign_id, status, count, answered in rows:
        found[campaign_id].append((status, count, answered))
    return {campaign_id: figures(counts) for campaign_id, counts in found.items()}


def all_figures(campaign_id: uuid.UUID | None = None) -> Figures:
    """Of one campaign, or of the whole company's."""
    require("campaigns.read")
    query = select(Message.status, func.count(), func.count(Message.replied_at)).group_by(Message.status)
    mine = select(Campaign.id).where(Campaign.tenant_id == current_actor().tenant_id)
    wanted = Message.campaign_id == campaign_id if campaign_id else Message.campaign_id.in_(mine)
    return figures([tuple(row) for row in read_session().execute(query.where(wanted))])


def stats(campaign_id: uuid.UUID) -> Stats:
    campaign = campaigns.get_campaign(campaign_id)
    shares = forecast.shares_of(campaign) if campaign.status == "sending" else []
    return Stats(
        campaign_id=str(campaign.id),
        status=campaign.status,
        figures=figures_of(campaign.id),
        excluded=campaign.excluded,
        estimated_completion=forecast.last_end(shares),
    )


def ledger(campaign_id: uuid.UUID) -> Ledger:
    """`0 duplicadas · 0 perdidas · n a verificar`, from the rows themselves."""
    require("campaigns.read")
    session = read_session()
    scope = {"campaign": campaign_id}
    return Ledger(
        duplicated=session.scalar(_DOUBLED, scope) or 0,
        lost=session.scalar(_LOST, scope) or 0,
        to_verify=figures_of(campaign_id).unconfirmed,
        resent=session.scalar(_RESENT, scope) or 0,
    )


def rate_per_minute(campaign_id: uuid.UUID) -> float:
    """Goes of the last five minutes, or since the start when that is less."""
    query = text(
        """SELECT count(*) / greatest(1, extract(epoch FROM :now - greatest(:since, c.started_at)) / 60)
           FROM messages m JOIN campaigns c ON c.id = m.campaign_id
           WHERE m.campaign_id = :campaign AND m.sent_at > :since GROUP BY c.started_at"""
    )
    now = clock.now()
    row = read_session().scalar(query, {"campaign": campaign_id, "now": now, "since": now - timedelta(minutes=5)})
    return float(row or 0)
