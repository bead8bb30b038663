"""How far a campaign is: one indexed GROUP BY, what is still queued per number, and when it will end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.campaigns.rules.figures import Figures, Stats, figures
from app.core import clock
from app.core.db import read_session
from app.core.permissions import require
from app.instances.models import Instance
from app.messages.models import Message
from app.outbox import pacing

_REMAINING = text("""
    SELECT instance_id, count(*) FROM outbox
    WHERE campaign_id = :campaign AND state = 'queued' AND instance_id = ANY (:instances) GROUP BY instance_id
""").bindparams(bindparam("instances", type_=ARRAY(UUID(as_uuid=True))))
# What the number's other open campaigns still hold: they share it turn by turn.
_RIVALS = text("""
    SELECT l.instance_id, l.campaign_id, (SELECT count(*) FROM outbox o
        WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id AND o.state = 'queued')
    FROM send_lanes l WHERE l.is_open AND l.instance_id = ANY (:instances) AND l.campaign_id <> :campaign
""").bindparams(bindparam("instances", type_=ARRAY(UUID(as_uuid=True))))
_PACES = text("""
    SELECT instance_id, hold, hold_detail, day, day_goes, first_go_at, last_go_at FROM instance_pace
    WHERE instance_id = ANY (:instances)
""").bindparams(bindparam("instances", type_=ARRAY(UUID(as_uuid=True))))
_LANES = text("SELECT instance_id, is_open, closed_reason, day, day_goes FROM send_lanes WHERE campaign_id = :campaign")
# Every queued message has its row in the outbox and every row its message; a difference would be a lost one.
_LOST = text("""
    SELECT count(*) FROM campaign_recipients r LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN outbox o ON o.message_id = r.message_id
    WHERE r.campaign_id = :campaign AND r.skip_reason IS NULL
      AND (m.id IS NULL OR (m.status IN ('queued', 'sending', 'unconfirmed') AND o.message_id IS NULL))
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
class Share:
    """One number's part of the campaign."""

    instance: Instance
    remaining: int
    hold: str | None
    ends_at: datetime | None
    cap: int | None
    goes_today: int
    closed_reason: str | None = None


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


def stats(campaign_id: uuid.UUID) -> Stats:
    campaign = campaigns.get_campaign(campaign_id)
    shares = shares_of(campaign) if campaign.status == "sending" else []
    return Stats(
        campaign_id=str(campaign.id),
        status=campaign.status,
        figures=figures_of(campaign.id),
        excluded=campaign.excluded,
        estimated_completion=last_end(shares),
    )


def last_end(shares: Sequence[Share]) -> datetime | None:
    """None when nothing is left, or one number would never finish."""
    ends = [share.ends_at for share in shares if share.remaining]
    return max(end for end in ends if end) if ends and all(ends) else None


def shares_of(campaign: Campaign, planned: dict[uuid.UUID, int] | None = None) -> list[Share]:
    """What is left on each number and when it ends; `planned` counts stand in before the launch."""
    instances = campaigns.instances_of(campaign.id)
    scope = {"campaign": campaign.id, "instances": [instance.id for instance in instances]}
    session = read_session()
    left = planned if planned is not None else dict(session.execute(_REMAINING, scope).all())
    rivals: dict[uuid.UUID, list[int]] = {}
    for instance_id, _campaign_id, count in session.execute(_RIVALS, scope):
        rivals.setdefault(instance_id, []).append(count)
    paces = {row.instance_id: row for row in session.execute(_PACES, scope)}
    lanes = {row.instance_id: row for row in session.execute(_LANES, scope)}
    zone = campaigns.timezone()
    return [
        _share(
            campaign.settings,
            one,
            (left.get(one.id, 0), rivals.get(one.id, [])),
            paces.get(one.id),
            lanes.get(one.id),
            zone,
        )
        for one in instances
    ]


def _share(
    settings: dict[str, Any], instance: Instance, work: tuple[int, list[int]], pace_row: Any, lane: Any, zone: str
) -> Share:
    now = clock.now()
    left, rivals = work
    pace = pacing.read_pace(instance.pace, settings)
    cap, goes = _tighter(
        (pacing.cap_today(pace, getattr(pace_row, "first_go_at", None), zone, now), _goes(pace_row, zone, now)),
        (settings.get("daily_cap"), _goes(lane, zone, now)),
    )
    shared = left + sum(min(left, rival) for rival in rivals)  # a turn each until the smaller one is done
    return Share(
        instance=instance,
        remaining=left,
        hold=getattr(pace_row, "hold", None),
        ends_at=pacing.forecast(pace, shared, zone, now, cap=cap, sent_today=goes) if left else None,
        cap=cap,
        goes_today=goes,
        closed_reason=lane.closed_reason if lane is not None and not lane.is_open else None,
    )


def _goes(row: Any, zone: str, now: datetime) -> int:
    return row.day_goes if row is not None and row.day == pacing.local_day(zone, now) else 0


def _tighter(number: tuple[int | None, int], own: tuple[int | None, int]) -> tuple[int | None, int]:
    """Of (cap, gone today), the pair that stops first: the number's or the campaign's."""
    if own[0] is None:
        return number
    return own if number[0] is None or own[0] - own[1] < number[0] - number[1] else number


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
