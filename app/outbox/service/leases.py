"""Leases that ran out: what the sweep changed is told like any other change."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from app.core.context import acting, system
from app.core.db import transaction
from app.core.facts import emit, notify


def expire(rows: Sequence[Any]) -> None:
    """`rows` as `outbox_expire()` answers them: message, tenant, instance, campaign and outcome."""
    tenants: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        if row.outcome == "unconfirmed":
            tenants[row.tenant_id].append(row)
    for tenant_id, unknown in tenants.items():
        with acting(system(tenant_id)), transaction():
            emit("message.statuses", changes=[[str(row.message_id), row.outcome] for row in unknown])
            for instance_id in {row.instance_id for row in unknown}:
                emit("instance.held", instance_id=instance_id, reason="verify")
            for campaign_id in {row.campaign_id for row in unknown if row.campaign_id}:
                notify("campaign.progress", campaign_id=campaign_id)
