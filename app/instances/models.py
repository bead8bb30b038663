"""WhatsApp numbers."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean, Integer, LargeBinary, Uuid
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


class Instance(Timestamps, db.Model):
    """One number through one provider. `updated_at` is the stamp that senders compare before every go: touch it
    (any ORM change does) whenever pace, credentials or activity change."""

    __tablename__ = "instances"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    description: Mapped[str] = text_column()
    provider: Mapped[str] = text_column("evolution")
    phone_number: Mapped[str | None] = text_column(optional=True)
    jid: Mapped[str | None] = text_column(optional=True)
    profile_name: Mapped[str | None] = text_column(optional=True)
    status: Mapped[str] = text_column("disconnected")
    status_reason: Mapped[str | None] = text_column(optional=True)
    external_name: Mapped[str] = text_column()
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    webhook_secret: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    webhook_secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    qr_code: Mapped[str | None] = text_column(optional=True)
    pairing_code: Mapped[str | None] = text_column(optional=True)
    qr_expires_at: Mapped[datetime | None] = time_column(optional=True)
    last_connection_at: Mapped[datetime | None] = time_column(optional=True)
    last_checked_at: Mapped[datetime | None] = time_column(optional=True)
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    is_provisioned: Mapped[bool] = mapped_column(Boolean, default=False)
    pace: Mapped[Json] = json_column()
    health: Mapped[Json] = json_column()
    max_agents: Mapped[int] = mapped_column(Integer, default=10)
    default_queue_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    deleted_at: Mapped[datetime | None] = time_column(optional=True)
