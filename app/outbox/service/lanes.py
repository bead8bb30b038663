"""Campaigns' lanes on numbers: opened at launch, closed by a pause, a brake or the end."""

import json
import uuid
from typing import Any

from sqlalchemy import text

from app.core.context import current_actor
from app.core.db import transaction
from app.outbox.service.queueing import wake

_OPEN = text("""
    INSERT INTO send_lanes (campaign_id, instance_id, tenant_id, pace)
    SELECT :campaign, n.id, :tenant, cast(:pace AS jsonb) FROM unnest(cast(:instances AS uuid[])) AS n(id)
    ON CONFLICT (campaign_id, instance_id) DO UPDATE SET is_open = true, closed_reason = NULL, pace = excluded.pace,
        quiet_until = NULL, updated_at = clock_timestamp()
""")
_CLOSE = text("""
    UPDATE send_lanes SET is_open = false, closed_reason = :reason, updated_at = clock_timestamp()
    WHERE campaign_id = :campaign AND is_open
""")
_PACE = text("""
    UPDATE send_lanes SET pace = cast(:pace AS jsonb), quiet_until = NULL, updated_at = clock_timestamp()
    WHERE campaign_id = :campaign
""")
_UNSENT = text("""
    SELECT EXISTS (SELECT 1 FROM send_lanes l JOIN outbox o
        ON o.instance_id = l.instance_id AND o.campaign_id = l.campaign_id
        WHERE l.campaign_id = :campaign AND o.state = 'queued')
    OR EXISTS (SELECT 1 FROM send_lanes l JOIN outbox o
        ON o.instance_id = l.instance_id AND o.campaign_id = l.campaign_id AND o.state IN ('claimed', 'sending')
        WHERE l.campaign_id = :campaign)
""")
_FORGET_OUTCOMES = text("""
    UPDATE instance_pace p SET recent = '', error_run = 0, unacked = 0, unacked_since = NULL
    FROM (SELECT x.instance_id FROM instance_pace x WHERE x.instance_id = ANY (cast(:instances AS uuid[]))
        ORDER BY x.instance_id FOR UPDATE) AS own WHERE p.instance_id = own.instance_id
""")


def open_lanes(campaign_id: uuid.UUID, instance_ids: list[uuid.UUID], pace_overrides: dict[str, Any]) -> None:
    """Let the campaign send on these numbers. A person who resumes starts the brakes' windows anew."""
    ids = sorted(str(instance_id) for instance_id in instance_ids)
    with transaction() as session:
        # The number's row before its lanes: the order in which a go takes them.
        session.execute(_FORGET_OUTCOMES, {"instances": ids})
        session.execute(
            _OPEN,
            {
                "campaign": campaign_id,
                "tenant": current_actor().tenant_id,
                "pace": json.dumps(pace_overrides),
                "instances": ids,
            },
        )
        wake()


def close_lanes(campaign_id: uuid.UUID, reason: str) -> None:
    """Within one message: the next go re-reads the lane."""
    with transaction() as session:
        session.execute(_CLOSE, {"campaign": campaign_id, "reason": reason})


def update_lane_pace(campaign_id: uuid.UUID, pace_overrides: dict[str, Any]) -> None:
    with transaction() as session:
        session.execute(_PACE, {"campaign": campaign_id, "pace": json.dumps(pace_overrides)})
        wake()


def has_unsent(campaign_id: uuid.UUID) -> bool:
    """Anything queued, claimed or on the wire. Unconfirmed messages wait for evidence or a person, not for us."""
    with transaction() as session:
        return bool(session.scalar(_UNSENT, {"campaign": campaign_id}))
