"""While it goes: schedule, pause, resume, cancel, and the end. Every change is a conditional UPDATE."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, update

from app.accounts.queries import list_tenants
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.campaigns.rules.states import sources
from app.campaigns.service import speech
from app.campaigns.service.drafts import locked, not_now
from app.campaigns.service.launch import check_ready, launch
from app.core import clock
from app.core.audit import audit
from app.core.background import enqueue
from app.core.context import acting, system
from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.outbox import service as outbox

CANCEL_AT_ONCE = 5000
LATEST = timedelta(days=366)


def schedule(campaign_id: uuid.UUID, at: datetime) -> Campaign:
    """`at` without an offset is meant in the company's zone. Raises Invalid when past, too far or not ready."""
    require("campaigns.write")
    moment = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(campaigns.timezone()))
    if moment < clock.now() - timedelta(minutes=1):
        raise Invalid.field("scheduled_at", _("Este horário já passou."))
    if moment > clock.now() + LATEST:
        raise Invalid.field("scheduled_at", _("Agende para no máximo um ano à frente."))
    check_ready(campaigns.get_campaign(campaign_id))
    locked_states = [*sources("schedule"), "paused", "failed"]
    return _change(
        campaign_id, "schedule", {"status": "scheduled", "scheduled_at": moment, "status_reason": None}, locked_states,
        Campaign.started_at.is_(None),
    )  # fmt: skip


def unschedule(campaign_id: uuid.UUID) -> Campaign:
    """Back to a draft: a scheduled one, or one that waits for a decision because it could not start."""
    require("campaigns.write")
    states = [*sources("unschedule"), "paused", "failed"]
    values = {"status": "draft", "scheduled_at": None, "status_reason": None}
    return _change(campaign_id, "unschedule", values, states, Campaign.started_at.is_(None))


def pause(campaign_id: uuid.UUID, reason: str = "by_user") -> Campaign:
    """Within one message: the next go re-reads the lane."""
    require("campaigns.write")
    with transaction():
        campaign = _change(campaign_id, "pause", {"status": "paused", "status_reason": reason}, sources("pause"))
        outbox.close_lanes(campaign_id, reason)
    return campaign


def resume(campaign_id: uuid.UUID) -> Campaign:
    """Goes on where it stopped and never sends again what left. One that missed its schedule starts now."""
    require("campaigns.write")
    found = campaigns.get_campaign(campaign_id)
    if found.status == "paused" and found.started_at is None:
        return launch(campaign_id, approved=True)
    numbers = [instance.id for instance in campaigns.instances_of(campaign_id) if instance.is_active]
    if not numbers:
        raise Invalid.field("instance_ids", _("Nenhum número ativo nesta campanha."))
    with transaction():
        campaign = _change(campaign_id, "resume", {"status": "sending", "status_reason": None}, sources("resume"))
        outbox.open_lanes(campaign_id, numbers, campaign.settings)
        speech.go_on(campaign)
        outbox.wake()
    return campaign


def cancel(campaign_id: uuid.UUID) -> Campaign:
    """What has not started is cancelled; what is on its way finishes. Large ones are emptied by a job."""
    require("campaigns.write")
    with transaction():
        values = {"status": "cancelled", "status_reason": None, "completed_at": clock.now()}
        campaign = _change(campaign_id, "cancel", values, sources("cancel"))
        outbox.close_lanes(campaign_id, "cancelled")
        is_large = campaign.total > CANCEL_AT_ONCE
        if is_large:
            enqueue("campaigns.sweep_cancelled")
    # After the commit: a go takes its message before the lane, so whoever has the lane must not wait for messages.
    if not is_large:
        outbox.cancel_campaign_messages(campaign_id)
    return campaign


def empty_cancelled() -> int:
    """The sweep behind a lost job: a cancelled campaign holds nothing back."""
    emptied = 0
    for tenant_id in list_tenants():
        with acting(system(tenant_id)):
            for campaign_id in campaigns.cancelled_with_messages():
                emptied += outbox.cancel_campaign_messages(campaign_id)
    return emptied


def brake(instance_id: str | uuid.UUID, reason: str = "", **_facts: Any) -> None:
    """A number stopped itself (`instance.braked`): its sending campaigns pause and say why."""
    with transaction():
        for campaign_id in campaigns.campaigns_sending_on(uuid.UUID(str(instance_id))):
            halt(campaign_id, reason or "failures_in_a_row")


def halt(campaign_id: uuid.UUID, reason: str) -> None:
    """It stops itself and says why; nothing happens to one that no longer sends."""
    with transaction():
        _change(campaign_id, "brake", {"status": "paused", "status_reason": reason}, ("sending",), quiet=True)
        outbox.close_lanes(campaign_id, reason)


def settle(campaign_id: uuid.UUID) -> bool:
    """Completed once nothing is left to send; messages to verify stay as they are. Safe to run any time."""
    with transaction() as session:
        # Under the row's lock: a retry that queues again waits, or has already queued.
        session.get_one(Campaign, campaign_id, with_for_update=True, populate_existing=True)
        if outbox.has_unsent(campaign_id):
            return False
        done = _change(
            campaign_id, "complete", {"status": "completed", "completed_at": clock.now()}, ("sending",), quiet=True
        )
        if done is not None:
            outbox.close_lanes(campaign_id, "completed")
            emit("campaign.completed", campaign_id=campaign_id)
    return done is not None


def settle_due() -> int:
    settled = 0
    for tenant_id in list_tenants():
        with acting(system(tenant_id)):
            settled += sum(settle(campaign_id) for campaign_id in campaigns.sending_campaigns())
    return settled


def reopen(campaign_id: uuid.UUID, action: str) -> Campaign:
    """For messages that go again: a completed campaign sends once more. Inside the caller's transaction."""
    campaign = locked(campaign_id, action)
    if campaign.status == "completed":
        campaign = _change(campaign_id, "reopen", {"status": "sending", "completed_at": None}, ("completed",))
    if campaign.status == "sending":
        outbox.open_lanes(campaign_id, campaigns.instance_ids(campaign_id), campaign.settings)
        speech.go_on(campaign)
    return campaign


def _change(
    campaign_id: uuid.UUID,
    action: str,
    values: dict[str, Any],
    states: Any,
    *clauses: ColumnElement[bool],
    quiet: bool = False,
) -> Any:
    """None instead of a Conflict when `quiet` and another state won the race."""
    campaigns.get_campaign(campaign_id)
    with transaction() as session:
        changed = session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id, Campaign.status.in_(tuple(states)), *clauses)
            .values(**values, updated_at=clock.now()),
            execution_options={"synchronize_session": False},
        )
        if changed.rowcount != 1:
            if quiet:
                return None
            raise Conflict(not_now(action, ""))
        audit(f"campaign.{action}", "campaign", campaign_id, values)
        emit("campaign.changed", campaign_id=campaign_id, status=values["status"], reason=values.get("status_reason"))
        return session.get_one(Campaign, campaign_id, populate_existing=True)
