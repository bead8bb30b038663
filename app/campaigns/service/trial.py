"""A test send: the real text of a chosen contact, to a phone that the person types."""

from __future__ import annotations

import uuid

from flask_babel import gettext as _

from app.campaigns.queries import campaigns, preview
from app.campaigns.service.audition import recipe_for
from app.campaigns.service.launch import kind_of
from app.core.audit import audit
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.permissions import require
from app.instances.models import Instance
from app.messages.models import Message
from app.outbox import service as outbox
from app.outbox.models import Lane
from app.voice.service import ask


def send_test(
    campaign_id: uuid.UUID,
    phone: str,
    *,
    contact_id: uuid.UUID | None = None,
    instance_id: uuid.UUID | None = None,
) -> Message:
    """Goes before everything else; counts in no figure of the campaign. Raises Invalid (recipient, instance_ids)."""
    require("campaigns.write")
    campaign = campaigns.get_campaign(campaign_id)
    text = preview.text_for(campaign, contact_id)
    if not text.strip() and not (campaign.media_id or campaign.media_url):
        raise Invalid.field("message", _("Escreva a mensagem antes de testar."))
    audio = ask(text, recipe=recipe_for(campaign, text)) if campaign.tts_config_id else None
    with transaction():
        message = outbox.queue_message(
            _sender(campaign_id, instance_id).id,
            recipient=phone.strip(),
            type=kind_of(campaign),
            body=text,
            media_id=campaign.media_id,
            media_url=campaign.media_url,
            lane=Lane.HIGH,
            sender_type="system",
            audio_id=audio.id if audio else None,
        )
        audit("campaign.test", "campaign", campaign.id, {"message_id": str(message.id)})
    return message


def _sender(campaign_id: uuid.UUID, instance_id: uuid.UUID | None) -> Instance:
    """The one asked for, else a connected one of the campaign."""
    usable = [one for one in campaigns.instances_of(campaign_id) if one.is_active]
    if instance_id:
        usable = [one for one in usable if one.id == instance_id]
    if not usable:
        raise Invalid.field("instance_ids", _("Escolha antes o número que envia."))
    return min(usable, key=lambda one: one.status != "connected")
