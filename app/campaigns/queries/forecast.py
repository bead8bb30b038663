"""When it will end: what is left on each number, its pace, caps and hours, and who else sends there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.core import clock
from app.core.db import read_session
from app.instances.models import Instance
from app.instances.rules.pace import Pace, is_new_number, read_pace
from app.outbox import pacing

_INSTANCES = bindparam("instances", type_=ARRAY(UUID(as_uuid=True)))
_REMAINING = text("""
    SELECT instance_id, count(*) FROM outbox
    WHERE campaign_id = :campaign AND state = 'queued' AND instance_id = ANY (:instances) GROUP BY instance_id
""").bindparams(_INSTANCES)
# What the number's other open campaigns still hold: they share it turn by turn.
_RIVALS = text("""
    SELECT l.instance_id, (SELECT count(*) FROM outbox o
        WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id AND o.state = 'queued')
    FROM send_lanes l WHERE l.is_open AND l.instance_id = ANY (:instances) AND l.campaign_id <> :campaign
""").bindparams(_INSTANCES)
_PACES = text("""
    SELECT instance_id, hold, hold_detail, day, day_goes, first_go_at FROM instance_pace
    WHERE instance_id = ANY (:instances)
""").bindparams(_INSTANCES)
_LANES = text("SELECT instance_id, is_open, closed_reason, day, day_goes FROM send_lanes WHERE campaign_id = :campaign")


@dataclass(frozen=True)
class Plan:
    """Messages left per number, from `at` on. `settings` are the campaign's own pace."""

    campaign_id: uuid.UUID
    instances: Sequence[Instance]
    settings: Mapping[str, Any]
    left: Mapping[uuid.UUID, int]
    at: datetime


@dataclass(frozen=True)
class Share:
    """One number's part of the campaign; `ends_at` None: nothing left, or it would never end."""

    instance: Instance
    remaining: int
    hold: str | None
    ends_at: datetime | None
    cap: int | None
    goes_today: int
    pace: Pace
    closed_reason: str | None = None
    is_new: bool = False

    @property
    def needs_care(self) -> bool:
        """A new number without a cap, a ramp or hours is what WhatsApp blocks first."""
        return self.is_new and (self.cap is None or self.pace.hours is None)


def shares_of(campaign: Campaign) -> list[Share]:
    instances = campaigns.instances_of(campaign.id)
    scope = {"campaign": campaign.id, "instances": [instance.id for instance in instances]}
    left = dict(read_session().execute(_REMAINING, scope).all())
    return shares(Plan(campaign.id, instances, campaign.settings, left, clock.now()))


def evenly(instances: Sequence[Instance], count: int) -> dict[uuid.UUID, int]:
    """Before the launch: the people take turns."""
    each, rest = divmod(count, len(instances)) if instances else (0, 0)
    return {one.id: each + (place < rest) for place, one in enumerate(instances)}


def shares(plan: Plan) -> list[Share]:
    scope = {"campaign": plan.campaign_id, "instances": [instance.id for instance in plan.instances]}
    session = read_session()
    rivals: dict[uuid.UUID, list[int]] = {}
    for instance_id, count in session.execute(_RIVALS, scope):
        rivals.setdefault(instance_id, []).append(count)
    paces = {row.instance_id: row for row in session.execute(_PACES, scope)}
    lanes = {row.instance_id: row for row in session.execute(_LANES, scope)}
    zone = campaigns.timezone()
    return [
        _share(plan, one, rivals.get(one.id, []), (paces.get(one.id), lanes.get(one.id)), zone)
        for one in plan.instances
    ]


def _share(plan: Plan, instance: Instance, rivals: list[int], rows: tuple[Any, Any], zone: str) -> Share:
    row, lane = rows
    left = plan.left.get(instance.id, 0)
    pace = read_pace(instance.pace, plan.settings)
    cap, goes = _tighter(
        (pacing.cap_today(pace, getattr(row, "first_go_at", None), zone, plan.at), _goes(row, zone, plan.at)),
        (plan.settings.get("daily_cap") or None, _goes(lane, zone, plan.at)),
    )
    shared = left + sum(min(left, rival) for rival in rivals)  # a turn each until the smaller one is done
    return Share(
        instance=instance,
        remaining=left,
        hold=getattr(row, "hold", None),
        ends_at=pacing.forecast(pace, shared, zone, plan.at, cap=cap, sent_today=goes) if left else None,
        cap=cap,
        goes_today=goes,
        pace=pace,
        closed_reason=lane.closed_reason if lane is not None and not lane.is_open else None,
        is_new=is_new_number(getattr(row, "first_go_at", None), plan.at),
    )


def _goes(row: Any, zone: str, at: datetime) -> int:
    return row.day_goes if row is not None and row.day == pacing.local_day(zone, at) else 0


def _tighter(number: tuple[int | None, int], own: tuple[int | None, int]) -> tuple[int | None, int]:
    """Of (cap, gone today), the pair that stops first: the number's or the campaign's."""
    if own[0] is None:
        return number
    return own if number[0] is None or own[0] - own[1] < number[0] - number[1] else number


def last_end(parts: Sequence[Share]) -> datetime | None:
    """None when nothing is left, or one number would never finish."""
    ends = [share.ends_at for share in parts if share.remaining]
    return max(end for end in ends if end) if ends and all(ends) else None
