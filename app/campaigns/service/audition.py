"""Hearing a campaign before it goes: the text of anybody in it, by the voice that will speak."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from app.campaigns.models import Campaign
from app.campaigns.queries import preview
from app.campaigns.rules.wordings import literals_of
from app.campaigns.service.speech import find_speech
from app.core.errors import Invalid
from app.core.permissions import require
from app.voice.models import CachedAudio
from app.voice.queries.configs import dictionary, get_config, speaker_of
from app.voice.rules.recipes import Recipe
from app.voice.rules.words import trouble
from app.voice.service import ask, recipe_of


def audition(
    text: str, config_id: uuid.UUID, message: str, variations: Sequence[str], in_parts: bool | None = None
) -> CachedAudio:
    """The audio's row; a job makes it. Raises Invalid for what nobody can speak."""
    require("campaigns.write")
    return ask(text, recipe=_recipe(text, config_id, message, variations, in_parts))


def _recipe(text: str, config_id: uuid.UUID, message: str, variations: Sequence[str], in_parts: bool | None) -> Recipe:
    if not text.strip():
        raise Invalid.field("message", trouble("unspeakable"))
    speaker = speaker_of(get_config(config_id))
    return recipe_of(speaker, text, dictionary(), literals_of(message, variations), in_parts=in_parts)


def recipe_for(campaign: Campaign, text: str) -> Recipe:
    """As the launch would speak it."""
    if campaign.tts_config_id is None:
        raise Invalid.field("tts_config_id", trouble("unsupported"))
    speech = find_speech(campaign.id)
    in_parts = speech.in_parts if speech else None
    return _recipe(text, campaign.tts_config_id, campaign.message, campaign.variations, in_parts)


def audition_for(campaign: Campaign, contact_id: uuid.UUID | None) -> CachedAudio:
    """What one person will hear."""
    require("campaigns.write")
    text = preview.text_for(campaign, contact_id)
    return ask(text, recipe=recipe_for(campaign, text))
