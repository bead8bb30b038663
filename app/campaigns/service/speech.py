"""What a spoken campaign needs besides the others: a voice at the launch, and somebody who prepares its audios."""

from __future__ import annotations

import uuid

import orjson
from flask_babel import gettext as _
from sqlalchemy import text

from app.campaigns.models import Campaign, CampaignSpeech
from app.campaigns.service.drafts import locked
from app.core.audit import audit
from app.core.background import nudge
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import FieldError
from app.core.permissions import require
from app.voice.queries.configs import find_config, speaker_of

_BEGIN = text("""
    INSERT INTO campaign_speech (campaign_id, tenant_id, settings) VALUES (:campaign, :tenant, cast(:settings AS jsonb))
    ON CONFLICT (campaign_id) DO UPDATE SET settings = excluded.settings, owner = NULL, lease = NULL, waits_for = NULL,
        waits_until = NULL, tries = 0
""")
_GO_ON = text("""
    UPDATE campaign_speech SET waits_for = NULL, waits_until = NULL, tries = 0 WHERE campaign_id = :campaign
""")
_CHOOSE = text("""
    INSERT INTO campaign_speech (campaign_id, tenant_id, in_parts) VALUES (:campaign, :tenant, :in_parts)
    ON CONFLICT (campaign_id) DO UPDATE SET in_parts = excluded.in_parts
""")


def missing(campaign: Campaign) -> list[FieldError]:
    """What a spoken campaign lacks before it can go."""
    if not campaign.tts_config_id:
        return []
    config = find_config(campaign.tts_config_id)
    if config is None or not config.is_active:
        return [FieldError("tts_config_id", _("A voz escolhida não existe mais ou está desativada; escolha outra."))]
    if not campaign.message.strip():
        return [FieldError("message", _("Escreva o texto que a voz vai falar."))]
    return []


def begin(campaign: Campaign) -> None:
    """At the launch, in its transaction: the voice as it is now, and the first audios."""
    config = find_config(campaign.tts_config_id)
    if config is None:
        return
    with transaction() as session:
        settings = orjson.dumps(speaker_of(config).as_json()).decode()
        session.execute(_BEGIN, {"campaign": campaign.id, "tenant": campaign.tenant_id, "settings": settings})
        prepare_soon(campaign.id)


def go_on(campaign: Campaign) -> None:
    """A person wants it to go on: whatever it rested for is asked again."""
    if campaign.tts_config_id:
        with transaction() as session:
            session.execute(_GO_ON, {"campaign": campaign.id})
            prepare_soon(campaign.id)


def prepare_soon(campaign_id: uuid.UUID) -> None:
    nudge("campaigns.speak", tenant_id=current_actor().tenant_id, campaign_id=campaign_id)


def choose_way(campaign_id: uuid.UUID, in_parts: bool | None) -> None:
    """In parts or whole, for this campaign; None follows the voice. Before the launch."""
    require("campaigns.write")
    with transaction() as session:
        campaign = locked(campaign_id, "edit")
        values = {"campaign": campaign.id, "tenant": campaign.tenant_id, "in_parts": in_parts}
        session.execute(_CHOOSE, values)
        audit("campaign.voice_way", "campaign", campaign.id, {"in_parts": in_parts})


def find_speech(campaign_id: uuid.UUID) -> CampaignSpeech | None:
    with transaction() as session:
        return session.get(CampaignSpeech, campaign_id, populate_existing=True)
