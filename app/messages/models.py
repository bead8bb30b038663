"""The ledger: every message in or out, its events, and the ids that gateways know it by."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean, Date, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.model import Json, id_column, json_column, tenant_column, text_column, time_column
from app.extensions import db


class Message(db.Model):
    """One WhatsApp message. Threads are ordered by (thread_at, id): the gateway's time for what arrived, ours for what
    leaves. `status` of an outbound message stays `queued` while its outbox row is claimed or sending."""

    __tablename__ = "messages"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    contact_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    direction: Mapped[str] = text_column()
    sender_type: Mapped[str] = text_column()
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    type: Mapped[str] = text_column("text")
    body: Mapped[str] = text_column()
    media_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    media: Mapped[Json | None] = json_column(optional=True)
    recipient_key: Mapped[str | None] = text_column(optional=True)
    external_id: Mapped[str | None] = text_column(optional=True)
    reply_to: Mapped[str | None] = text_column(optional=True)
    status: Mapped[str] = text_column("queued")
    is_private: Mapped[bool] = mapped_column(Boolean, default=False)
    error_code: Mapped[str | None] = text_column(optional=True)
    error_message: Mapped[str | None] = text_column(optional=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    thread_at: Mapped[datetime] = time_column(now=True)
    created_at: Mapped[datetime] = time_column(now=True)
    sent_at: Mapped[datetime | None] = time_column(optional=True)
    delivered_at: Mapped[datetime | None] = time_column(optional=True)
    read_at: Mapped[datetime | None] = time_column(optional=True)
    played_at: Mapped[datetime | None] = time_column(optional=True)
    failed_at: Mapped[datetime | None] = time_column(optional=True)
    replied_at: Mapped[datetime | None] = time_column(optional=True)
    edited_at: Mapped[datetime | None] = time_column(optional=True)
    deleted_at: Mapped[datetime | None] = time_column(optional=True)
    search: Mapped[str | None] = mapped_column(Text, nullable=True, deferred=True)  # conversations' folded text
    # `metadata` is a reserved name of declarative classes
    details: Mapped[Json] = mapped_column("metadata", JSONB, default=dict)


class MessageEvent(db.Model):
    """One step of a message's life; append-only."""

    __tablename__ = "message_events"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    message_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    status: Mapped[str] = text_column()
    attempt: Mapped[int | None] = mapped_column(Integer, nullable=True)
    code: Mapped[str | None] = text_column(optional=True)
    details: Mapped[Json | None] = json_column(optional=True)
    at: Mapped[datetime] = time_column(now=True)


class ExternalRef(db.Model):
    """A gateway's id. Without `message_id` it parks receipts, and echoes of our own messages, that came early."""

    __tablename__ = "external_refs"

    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    message_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    best_status: Mapped[str | None] = text_column(optional=True)
    acked_at: Mapped[datetime | None] = time_column(optional=True)
    delivered_at: Mapped[datetime | None] = time_column(optional=True)
    read_at: Mapped[datetime | None] = time_column(optional=True)
    played_at: Mapped[datetime | None] = time_column(optional=True)
    failed_at: Mapped[datetime | None] = time_column(optional=True)
    echo: Mapped[Json | None] = json_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)


class DailyMetric(db.Model):
    """Roll-up of one number's day (tenant's zone); outlives the months it was counted from."""

    __tablename__ = "daily_metrics"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    day: Mapped[datetime] = mapped_column(Date, primary_key=True)
    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    sent: Mapped[int] = mapped_column(Integer, default=0)
    delivered: Mapped[int] = mapped_column(Integer, default=0)
    read: Mapped[int] = mapped_column(Integer, default=0)
    replied: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(Integer, default=0)
    received: Mapped[int] = mapped_column(Integer, default=0)
