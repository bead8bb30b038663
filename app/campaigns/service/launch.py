"""Launching: the audience is frozen, every text is stored, the lanes open; all of it or nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import structlog
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.accounts.queries import list_tenants
from app.campaigns.models import Campaign
from app.campaigns.queries import audience as audiences
from app.campaigns.queries import campaigns
from app.campaigns.rules import drafts as rules
from app.campaigns.rules.states import MISSED_AFTER_HOURS, sources
from app.campaigns.service import speech
from app.campaigns.service.drafts import not_now
from app.campaigns.service.freeze import Envelope, freeze
from app.contacts.models import Import
from app.core import clock
from app.core.audit import audit
from app.core.context import acting, current_actor, system
from app.core.db import transaction
from app.core.errors import AppError, Conflict, FieldError, Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.instances.models import Instance
from app.media.models import Media
from app.outbox import service as outbox

log = structlog.get_logger(__name__)


def launch(campaign_id: uuid.UUID, *, confirm_count: int | None = None, approved: bool = False) -> Campaign:
    """Freeze and start. `confirm_count` is what the person typed; another number of recipients is a Conflict.

    `approved` also starts one that waits after a missed schedule. Of two launches at once one wins, the other is a
    Conflict. Raises Invalid when something is missing.
    """
    require("campaigns.write")
    found = campaigns.get_campaign(campaign_id)
    check_ready(found)
    with transaction() as session:
        _take(campaign_id, approved)
        campaign = session.get_one(Campaign, campaign_id, populate_existing=True)
        numbers = _usable(campaign_id)
        counts = _freeze(campaign, numbers)
        total = counts.pop(None, 0)
        _check_count(total, counts, confirm_count)
        campaign.total, campaign.estimated_recipients, campaign.excluded = total, total, counts
        outbox.open_lanes(campaign.id, [instance.id for instance in numbers], campaign.settings)
        speech.begin(campaign)
        audit("campaign.launch", "campaign", campaign.id, {"total": total, "excluded": counts})
        emit("campaign.launched", campaign_id=campaign.id, total=total)
        emit("campaign.changed", campaign_id=campaign.id, status="sending")
        outbox.wake()
    return campaign


def _freeze(campaign: Campaign, numbers: list[Instance]) -> dict[Any, int]:
    who = campaigns.audience_of(campaign, numbers)
    content = audiences.Content.of(campaign)
    envelope = Envelope(
        campaign_id=campaign.id,
        tenant_id=campaign.tenant_id,
        user_id=current_actor().user_id or campaign.created_by,
        instance_ids=[instance.id for instance in numbers],
        kind=kind_of(campaign),
        media_id=campaign.media_id,
        media_url=campaign.media_url,
        at=clock.now(),
    )
    return freeze(envelope, who, content, audiences.custom_names(who, content))


def check_ready(campaign: Campaign) -> None:
    """Raises Invalid with everything that is missing before it can go."""
    errors = missing(campaign)
    if errors:
        raise Invalid(" ".join(error.message for error in errors), errors=errors)


def missing(campaign: Campaign) -> list[FieldError]:
    errors = []
    if not rules.has_audience(campaign.audience):
        errors.append(FieldError("audience", _("Escolha quem vai receber.")))
    if not campaign.message.strip() and not (campaign.media_id or campaign.media_url):
        errors.append(FieldError("message", _("Escreva a mensagem ou escolha um arquivo.")))
    errors += speech.missing(campaign)
    if not _usable(campaign.id):
        errors.append(FieldError("instance_ids", _("Escolha pelo menos um número ativo.")))
    if _sheet_pending(campaign):
        errors.append(FieldError("audience", _("A planilha ainda não foi importada por completo.")))
    return errors


def _sheet_pending(campaign: Campaign) -> bool:
    if not campaign.import_id:
        return False
    with transaction() as session:
        status = session.scalar(select(Import.status).where(Import.id == campaign.import_id))
    return status in ("pending", "checking", "ready", "running")


def _take(campaign_id: uuid.UUID, approved: bool) -> None:
    states = [*sources("launch"), *(["paused"] if approved else [])]
    won = update(Campaign).where(Campaign.id == campaign_id, Campaign.status.in_(states), Campaign.started_at.is_(None))
    with transaction() as session:
        now = clock.now()
        taken = session.execute(
            won.values(status="sending", status_reason=None, started_at=now, updated_at=now),
            execution_options={"synchronize_session": False},
        )
        if taken.rowcount != 1:
            raise Conflict(not_now("launch", ""))


def _usable(campaign_id: uuid.UUID) -> list[Instance]:
    return [instance for instance in campaigns.instances_of(campaign_id) if instance.is_active]


def _check_count(total: int, excluded: dict[Any, int], confirmed: int | None) -> None:
    if confirmed is not None and confirmed != total:
        raise Conflict(
            _("O público mudou: agora são %(n)s pessoas. Confira a revisão e confirme de novo.", n=total),
            code="count_changed",
        )
    if not total:
        left_out = sum(excluded.values())
        words = (
            _("Ninguém do público pode receber (%(n)s excluídos).", n=left_out)
            if left_out
            else _("O público está vazio.")
        )
        raise Invalid.field("audience", words)


def kind_of(campaign: Campaign) -> str:
    if campaign.tts_config_id:
        return "voice"
    if campaign.media_id:
        with transaction() as session:
            return session.scalar(select(Media.kind).where(Media.id == campaign.media_id)) or "document"
    return rules.kind_of_url(campaign.media_url) if campaign.media_url else "text"


def launch_due() -> int:
    """Start every campaign whose time came, in every company; also those that came while the server was down."""
    started = 0
    for tenant_id in list_tenants():
        with acting(system(tenant_id)):
            if outbox.in_safe_mode():
                continue  # what a restored backup had scheduled may have gone since: a person ends safe mode first
            for campaign_id in campaigns.due_campaigns(clock.now()):
                started += _launch_scheduled(campaign_id)
    return started


def _launch_scheduled(campaign_id: uuid.UUID) -> bool:
    campaign = campaigns.find_campaign(campaign_id)
    if campaign is None or campaign.scheduled_at is None:
        return False
    if clock.now() - campaign.scheduled_at > timedelta(hours=MISSED_AFTER_HOURS):
        return _set_aside(campaign_id, "paused", "missed_schedule")
    try:
        launch(campaign_id)
    except Conflict:
        return False  # somebody was faster, or took it back
    except AppError as error:
        log.warning("scheduled_launch_failed", campaign_id=str(campaign_id), error=str(error.message))
        return _set_aside(campaign_id, "failed", _failure(error))
    return True


def _failure(error: AppError) -> str:
    fields = {one.field for one in error.errors}
    return "no_instance" if "instance_ids" in fields else "no_recipients" if "audience" in fields else "incomplete"


def _set_aside(campaign_id: uuid.UUID, status: str, reason: str) -> bool:
    """A person has to decide."""
    with transaction() as session:
        changed = session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id, Campaign.status == "scheduled")
            .values(status=status, status_reason=reason, updated_at=clock.now()),
            execution_options={"synchronize_session": False},
        )
        if changed.rowcount:
            audit(f"campaign.{status}", "campaign", campaign_id, {"reason": reason})
            emit("campaign.changed", campaign_id=campaign_id, status=status, reason=reason)
        return False
