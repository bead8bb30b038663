"""Campaigns, the numbers they use and their frozen audience."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.core.model import (
    Json,
    Timestamps,
    created_by_column,
    id_column,
    json_column,
    tenant_column,
    text_column,
    time_column,
)
from app.extensions import db


class Campaign(Timestamps, db.Model):
    """One text, media or voice to a frozen audience. `audience`: {list_id?, group_ids?, tag_ids?, import_id?,
    from_campaign?{id, statuses}}; `settings`: pace overrides; `excluded`: reason → how many."""

    __tablename__ = "campaigns"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    description: Mapped[str] = text_column()
    status: Mapped[str] = text_column("draft")
    status_reason: Mapped[str | None] = text_column(optional=True)
    message: Mapped[str] = text_column()
    variations: Mapped[list[Any]] = json_column(list)
    media_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    media_url: Mapped[str | None] = text_column(optional=True)
    template_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    tts_config_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    audience: Mapped[Json] = json_column()
    settings: Mapped[Json] = json_column()
    import_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    total: Mapped[int] = mapped_column(Integer, default=0)
    excluded: Mapped[Json] = json_column()
    estimated_recipients: Mapped[int | None] = mapped_column(Integer, nullable=True)
    scheduled_at: Mapped[datetime | None] = time_column(optional=True)
    started_at: Mapped[datetime | None] = time_column(optional=True)
    completed_at: Mapped[datetime | None] = time_column(optional=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()


class CampaignInstance(db.Model):
    __tablename__ = "campaign_instances"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()


# In the row's own query, so that a page of campaigns asks once.
Campaign.instance_ids = column_property(
    select(func.coalesce(func.array_agg(CampaignInstance.instance_id, type_=ARRAY(Uuid)), literal([], ARRAY(Uuid))))
    .where(CampaignInstance.campaign_id == Campaign.id)
    .correlate_except(CampaignInstance)
    .scalar_subquery()
)


class CampaignRecipient(db.Model):
    """One person of the frozen audience: each canonical recipient key once per campaign."""

    __tablename__ = "campaign_recipients"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    recipient_key: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    contact_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    message_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    skip_reason: Mapped[str | None] = text_column(optional=True)


class CampaignSpeech(db.Model):
    """What a spoken campaign has beyond the others. `in_parts` None follows the voice; `settings` is the voice as it
    was at the launch. One worker at a time prepares its audios, by lease; `waits_for` says why it rests."""

    __tablename__ = "campaign_speech"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    in_parts: Mapped[bool | None] = mapped_column(Boolean, nullable=True)
    settings: Mapped[Json | None] = json_column(optional=True)
    owner: Mapped[str | None] = text_column(optional=True)
    lease: Mapped[datetime | None] = time_column(optional=True)
    waits_for: Mapped[str | None] = text_column(optional=True)
    waits_until: Mapped[datetime | None] = time_column(optional=True)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    estimate: Mapped[Json | None] = json_column(optional=True)
    estimate_of: Mapped[str | None] = text_column(optional=True)
