"""What a spoken campaign would cost, whole and in parts, before anything is sent. A job counts, the page shows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import distinct, func, select, text

from app.campaigns.models import Campaign, CampaignSpeech
from app.campaigns.queries import audience as audiences
from app.campaigns.queries import campaigns
from app.campaigns.queries.audience import Content
from app.campaigns.rules.wordings import literals_of
from app.core.background import nudge
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.voice.models import CachedAudio
from app.voice.queries.configs import dictionary, find_config, speaker_of
from app.voice.rules.money import cost
from app.voice.rules.recipes import Recipe, Speaker
from app.voice.service import money, recipe_of

SAMPLE = 5000  # different texts looked at; more are taken to be like them
_SAVE = text("""
    INSERT INTO campaign_speech (campaign_id, tenant_id, estimate, estimate_of)
    VALUES (:campaign, :tenant, cast(:estimate AS jsonb), :of)
    ON CONFLICT (campaign_id) DO UPDATE SET estimate = excluded.estimate, estimate_of = excluded.estimate_of
""")


@dataclass(frozen=True)
class Way:
    """`syntheses` that a provider would do, `characters` it would be paid for, `hit_rate` of messages that need
    none."""

    syntheses: int
    characters: int
    cost_usd: float
    hit_rate: float


def fingerprint(campaign: Campaign) -> str:
    """Changes with whatever the estimate was made of."""
    config = find_config(campaign.tts_config_id)
    made_of = [
        campaign.message, campaign.variations, campaign.audience, campaign.estimated_recipients,
        str(campaign.tts_config_id), config.updated_at.isoformat() if config else "", dictionary(),
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(made_of, option=orjson.OPT_SORT_KEYS)).hexdigest()


def estimate_of(campaign: Campaign, speech: CampaignSpeech | None) -> dict[str, Any] | None:
    """None while a job counts."""
    if speech is not None and speech.estimate and speech.estimate_of == fingerprint(campaign):
        return speech.estimate
    nudge("campaigns.estimate_voice", tenant_id=current_actor().tenant_id, campaign_id=campaign.id)
    return None


def estimate(campaign_id: uuid.UUID) -> None:
    campaign = campaigns.find_campaign(campaign_id)
    config = find_config(campaign.tts_config_id) if campaign else None
    if campaign is None or config is None:
        return
    mark, speaker = fingerprint(campaign), speaker_of(config)
    texts, recipients, different = _texts(campaign)
    scale = different / len(texts) if texts else 1.0
    words, wordings = dictionary(), literals_of(campaign.message, campaign.variations)
    found: dict[str, Any] = {"recipients": recipients, "texts": different, "sampled": scale > 1}
    for name, in_parts in (("whole", False), ("parts", True)):
        recipes = [recipe_of(speaker, body, words, wordings, in_parts=in_parts) for body in texts]
        found[name] = vars(_way(speaker, recipes, recipients, scale))
    with transaction() as session:
        values = {"campaign": campaign_id, "tenant": campaign.tenant_id, "of": mark}
        session.execute(_SAVE, values | {"estimate": orjson.dumps(found).decode()})


def _texts(campaign: Campaign) -> tuple[list[str], int, int]:
    """Different texts (at most SAMPLE), how many people get one, and how many different ones there are."""
    who = campaigns.audience_of(campaign, campaigns.instances_of(campaign.id))
    content = Content.of(campaign)
    people = audiences.candidates(who, content, audiences.custom_names(who, content))
    gets = people.c.reason.is_(None)
    session = read_session()
    sums = session.execute(select(func.count(), func.count(distinct(people.c.body))).where(gets)).one()
    texts = session.scalars(select(people.c.body).where(gets).distinct().limit(SAMPLE)).all()
    return list(texts), int(sums[0]), int(sums[1])


def _way(speaker: Speaker, recipes: Sequence[Recipe], recipients: int, scale: float) -> Way:
    pieces = {recipe.key: recipe.pieces() or [recipe] for recipe in recipes}
    seen = _ready({*pieces, *(piece.key for group in pieces.values() for piece in group)})
    made, characters, misses = 0, 0, 0
    for key, group in pieces.items():
        new = [] if key in seen else [piece for piece in group if piece.key not in seen]
        new = list({piece.key: piece for piece in new}.values())
        seen |= {piece.key for piece in new}
        made, misses = made + len(new), misses + bool(new)
        characters += sum(piece.characters for piece in new)
    price = money.price(speaker.provider, speaker.voice_class)
    total = round(characters * scale)
    rate = 1 - min(misses * scale, recipients) / recipients if recipients else 0.0
    return Way(round(made * scale), total, float(cost(total, price)), round(rate, 4))


def _ready(keys: set[str]) -> set[str]:
    query = select(CachedAudio.key).where(CachedAudio.tenant_id == current_actor().tenant_id, CachedAudio.key.in_(keys))
    return set(read_session().scalars(query.where(CachedAudio.state == "ready"))) if keys else set()
