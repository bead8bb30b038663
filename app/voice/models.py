"""Voices of a company, the audios made with them, and what they cost."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Float, Integer, Numeric, Uuid
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

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


class VoiceAccount(db.Model):
    """A company's credentials at one provider, encrypted, and what the last test of them said."""

    __tablename__ = "tts_accounts"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    credentials: Mapped[bytes | None] = mapped_column(BYTEA, nullable=True)
    state: Mapped[str] = text_column("untested")
    problem: Mapped[str | None] = text_column(optional=True)
    tested_at: Mapped[datetime | None] = time_column(optional=True)
    updated_at: Mapped[datetime] = time_column(touch=True)


class VoiceConfig(Timestamps, db.Model):
    """A voice and how it speaks. Pitch in semitones, volume in dB. `fallback_id`: who speaks while its provider is
    away. `speaks_in_parts`: what all texts share is made once, and joined with each person's part."""

    __tablename__ = "tts_configs"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    provider: Mapped[str] = text_column("local")
    voice_id: Mapped[str] = text_column()
    voice_class: Mapped[str] = text_column("standard")
    language_code: Mapped[str] = text_column("pt-BR")
    speaking_rate: Mapped[float] = mapped_column(Float, default=1.0)
    pitch: Mapped[float] = mapped_column(Float, default=0.0)
    volume: Mapped[float] = mapped_column(Float, default=0.0)
    ssml_settings: Mapped[Json] = json_column()
    speaks_in_parts: Mapped[bool] = mapped_column(Boolean, default=True)
    fallback_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    deleted_at: Mapped[datetime | None] = time_column(optional=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()


class VoiceList(db.Model):
    """What a provider offers in one language, as it last told us."""

    __tablename__ = "tts_voices"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    voices: Mapped[list[Any]] = json_column(list)
    problem: Mapped[str | None] = text_column(optional=True)
    fetched_at: Mapped[datetime | None] = time_column(optional=True)


class Pronunciation(db.Model):
    __tablename__ = "tts_pronunciations"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    word: Mapped[str] = text_column()
    spoken: Mapped[str] = text_column()
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    created_at: Mapped[datetime] = time_column(now=True)


class CachedAudio(db.Model):
    """One audio per text and settings. `state`: wanted, making (leased), ready, failed. `path` is the MP3 of an audio
    or the WAV of a part, `media_id` the voice note that messages carry; `recipe` is all it takes to make it again.
    `version` counts the makings: each writes files of its own, so that removing old ones never meets new ones."""

    __tablename__ = "tts_audio_cache"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    key: Mapped[str] = text_column()
    kind: Mapped[str] = text_column("audio")
    recipe: Mapped[Json] = json_column()
    state: Mapped[str] = text_column("wanted")
    owner: Mapped[str | None] = text_column(optional=True)
    lease: Mapped[datetime | None] = time_column(optional=True)
    error_code: Mapped[str | None] = text_column(optional=True)
    error_detail: Mapped[str | None] = text_column(optional=True)
    stand_in: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    version: Mapped[int] = mapped_column(Integer, default=0)
    path: Mapped[str | None] = text_column(optional=True)
    media_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    characters: Mapped[int] = mapped_column(Integer, default=0)
    duration: Mapped[float] = mapped_column(Float, default=0.0)
    path_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    voice_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    usage_count: Mapped[int] = mapped_column(BigInteger, default=0)
    last_used: Mapped[datetime] = time_column(now=True)
    expires_at: Mapped[datetime] = time_column(now=True)
    created_at: Mapped[datetime] = time_column(now=True)


class VoiceUsage(db.Model):
    """A day's sums. `characters` of the texts asked for, `billed` those that a provider was paid for."""

    __tablename__ = "tts_metrics"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, primary_key=True, nullable=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    voice_class: Mapped[str] = mapped_column(primary_key=True)
    cached: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, default=0)
    characters: Mapped[int] = mapped_column(BigInteger, default=0)
    billed: Mapped[int] = mapped_column(BigInteger, default=0)
    duration: Mapped[float] = mapped_column(Float, default=0.0)
    cost_usd: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))


class VoiceBudget(db.Model):
    """What one month may cost. `told`: 80 or 100 per cent, once people were told; `is_lifted` is of this month only."""

    __tablename__ = "tts_budgets"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    monthly_usd: Mapped[Decimal | None] = mapped_column(Numeric, nullable=True)
    month: Mapped[date] = mapped_column(Date)
    spent_usd: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    is_lifted: Mapped[bool] = mapped_column(Boolean, default=False)
    told: Mapped[int] = mapped_column(Integer, default=0)
    told_rate_on: Mapped[date | None] = mapped_column(Date, nullable=True)
