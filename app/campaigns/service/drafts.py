"""Writing a campaign before it goes: create, change, copy, delete."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete as sql_delete

from app.campaigns.models import Campaign, CampaignInstance
from app.campaigns.queries import audience as audiences
from app.campaigns.queries import campaigns
from app.campaigns.rules import drafts as rules
from app.campaigns.rules.segments import FOLLOW_UPS, SEGMENTS
from app.campaigns.rules.states import allowed
from app.campaigns.service.checking import FIELDS, check, check_address, clean
from app.core.audit import audit
from app.core.db import read_session, transaction
from app.core.errors import Conflict, Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.outbox import service as outbox
from app.templates.models import Template
from app.voice.queries.configs import find_config


def create(*, name: str, instance_ids: Sequence[uuid.UUID] = (), **given: Any) -> Campaign:
    """A draft; whatever is missing is asked for at the launch. Raises Invalid with every wrong field."""
    require("campaigns.write")
    values = clean({"name": name, **given})
    check_address(values)
    check(values, instance_ids)
    with transaction() as session:
        campaign = Campaign(**_with_template(values))
        session.add(campaign)
        session.flush()
        _use_instances(campaign, instance_ids)
        audit("campaign.create", "campaign", campaign.id, {"name": campaign.name})
        emit("campaign.created", campaign_id=campaign.id)
    return campaign


def update(campaign_id: uuid.UUID, *, instance_ids: Sequence[uuid.UUID] | None = None, **given: Any) -> Campaign:
    """Drafts and scheduled ones only. Fields left out stay."""
    require("campaigns.write")
    values = clean(given)
    check_address(values)
    with transaction() as session:
        campaign = locked(campaign_id, "edit")
        check(values, instance_ids or (), campaign)
        before = {key: getattr(campaign, key) for key in values}
        for key, value in values.items():
            setattr(campaign, key, value)
        if campaign.status == "scheduled" and campaign.scheduled_at is None:
            campaign.status = "draft"  # its time was taken away
        if instance_ids is not None:
            _use_instances(campaign, instance_ids)
        session.flush()
        changes = {key: [before[key], value] for key, value in values.items() if before[key] != value}
        audit("campaign.update", "campaign", campaign.id, changes)
        emit("campaign.changed", campaign_id=campaign.id, status=campaign.status)
    return campaign


def update_pace(campaign_id: uuid.UUID, settings: dict[str, Any]) -> Campaign:
    """Also while it sends: the next go already follows it. What is left out goes back to the number's own."""
    require("campaigns.write")
    values = clean({"settings": settings})
    check(values, ())
    with transaction() as session:
        campaign = locked(campaign_id, "pace")
        before, campaign.settings = campaign.settings, values["settings"]
        session.flush()
        outbox.update_lane_pace(campaign_id, campaign.settings)
        audit("campaign.pace", "campaign", campaign.id, {"settings": [before, campaign.settings]})
        emit("campaign.changed", campaign_id=campaign.id, status=campaign.status)
    return campaign


def clone(campaign_id: uuid.UUID, name: str | None = None) -> Campaign:
    """A draft with the same content, audience and pace."""
    original = campaigns.get_campaign(campaign_id)
    fields = {key: getattr(original, key) for key in FIELDS if key not in ("name", "scheduled_at", "import_id")}
    return create(
        name=name or _copy_name(original.name),
        instance_ids=[instance.id for instance in campaigns.instances_of(campaign_id)],
        **fields | {"tts_config_id": _voice_of(original)},
        parent_id=original.id,
    )


def follow_up(campaign_id: uuid.UUID, segment: str, name: str | None = None) -> Campaign:
    """A draft for those whom the first one left in that state ("quem não leu")."""
    if segment not in SEGMENTS:
        raise Invalid.field("segment", _("Escolha um dos grupos da campanha."))
    original = campaigns.get_campaign(campaign_id)
    title = name or f"{original.name}: {FOLLOW_UPS.get(segment, segment)}"[: rules.MAX_NAME]
    fields = {key: getattr(original, key) for key in ("message", "variations", "media_id", "media_url", "settings")}
    return create(
        name=title,
        instance_ids=[instance.id for instance in campaigns.instances_of(campaign_id)],
        audience={"from_campaign": {"id": str(campaign_id), "statuses": [segment]}},
        parent_id=original.id,
        tts_config_id=_voice_of(original),
        **fields,
    )


def _voice_of(original: Campaign) -> uuid.UUID | None:
    """A voice that was deleted meanwhile is chosen anew."""
    return original.tts_config_id if find_config(original.tts_config_id) else None


def delete(campaign_id: uuid.UUID) -> None:
    """Only what never started: sent messages keep their campaign."""
    require("campaigns.write")
    with transaction() as session:
        campaign = locked(campaign_id, "delete")
        audit("campaign.delete", "campaign", campaign.id, {"name": campaign.name})
        emit("campaign.deleted", campaign_id=campaign.id)
        session.delete(campaign)


def refresh_estimate(campaign_id: uuid.UUID) -> int:
    """How many would get it now, kept on the row for lists and the API."""
    require("campaigns.read")
    campaign = campaigns.get_campaign(campaign_id)
    who = campaigns.audience_of(campaign, campaigns.instances_of(campaign_id))
    count = audiences.count_by_reason(who).get(None, 0)
    with transaction() as session:
        session.execute(
            Campaign.__table__.update().where(Campaign.id == campaign_id).values(estimated_recipients=count)
        )
    return count


def locked(campaign_id: uuid.UUID, action: str) -> Campaign:
    """The row for this transaction alone, if the action is legal for it now. Raises Conflict otherwise."""
    campaigns.get_campaign(campaign_id)
    with transaction() as session:
        campaign = session.get_one(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if not allowed(action, campaign.status, started=campaign.started_at is not None):
        raise Conflict(not_now(action, campaign.status))
    return campaign


def not_now(action: str, status: str) -> str:
    words = {
        "edit": _("Só dá para editar antes de a campanha sair."),
        "delete": _("Só dá para excluir campanhas que nunca saíram."),
        "launch": _("Esta campanha já foi lançada."),
        "retry": _("Só dá para tentar de novo em campanhas que já saíram."),
    }
    return words.get(action, _("Esta campanha mudou de estado; atualize a página."))


def _copy_name(name: str) -> str:
    return _("%(name)s (cópia)", name=name[: rules.MAX_NAME - 10])


def _with_template(values: dict[str, Any]) -> dict[str, Any]:
    """A template chosen without a text of one's own lends its text and file."""
    if values.get("template_id") and not values.get("message"):
        template = read_session().get_one(Template, values["template_id"])
        values = {**values, "message": template.content}
        if not values.get("media_id") and not values.get("media_url"):
            values["media_id"] = template.media_id
    return values


def _use_instances(campaign: Campaign, instance_ids: Sequence[uuid.UUID]) -> None:
    with transaction() as session:
        session.execute(sql_delete(CampaignInstance).where(CampaignInstance.campaign_id == campaign.id))
        session.add_all(
            CampaignInstance(campaign_id=campaign.id, instance_id=one) for one in dict.fromkeys(instance_ids)
        )
        session.flush()
