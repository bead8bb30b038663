"""Subscriptions and their deliveries."""

import uuid
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Boolean, FetchedValue, Integer, LargeBinary, Text, Uuid
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
from app.hooks.rules import FAST_GAP, FAST_TRIES, GIVE_UP_HOURS


class Webhook(Timestamps, db.Model):
    """One address that is told. `owner_id` answers for it: `sees` is what they could see when they set it."""

    __tablename__ = "webhooks"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    instance_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    description: Mapped[str] = text_column()
    url: Mapped[str] = text_column()
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    old_secret_until: Mapped[datetime | None] = time_column(optional=True)
    retry_config: Mapped[Json] = json_column()
    sees: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    owner_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    paused_at: Mapped[datetime | None] = time_column(optional=True)
    paused_reason: Mapped[str | None] = text_column(optional=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    failing_since: Mapped[datetime | None] = time_column(optional=True)
    retry_at: Mapped[datetime | None] = time_column(optional=True)
    last_called_at: Mapped[datetime | None] = time_column(optional=True)
    last_status: Mapped[int | None] = mapped_column(Integer, nullable=True)
    last_ms: Mapped[int | None] = mapped_column(Integer, nullable=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()

    @property
    def retry(self) -> Json:
        """With the usual values where none were set."""
        return {
            "quick_tries": FAST_TRIES,
            "quick_gap_s": FAST_GAP,
            "give_up_after_h": GIVE_UP_HOURS,
            **self.retry_config,
        }

    @property
    def state(self) -> str:
        """In one word: off, paused, failing or on."""
        if not self.is_active:
            return "off"
        if self.paused_at is not None:
            return "paused"
        return "failing" if self.failures else "on"


class Delivery(db.Model):
    """One event for one address; its id is the receiver's `webhook-id`, the same at every try. `key` is what keeps its
    order: the person, the campaign or the number it is about. `body` is written before the first call and stays."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[uuid.UUID] = id_column()
    seq: Mapped[int] = mapped_column(BigInteger, FetchedValue())
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    webhook_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    event: Mapped[str] = text_column()
    key: Mapped[uuid.UUID] = mapped_column(Uuid)
    facts: Mapped[Json] = json_column()
    body: Mapped[str | None] = text_column(optional=True)
    state: Mapped[str] = text_column("pending")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    first_at: Mapped[datetime | None] = time_column(optional=True)
    next_at: Mapped[datetime] = time_column(now=True)
    owner: Mapped[str | None] = text_column(optional=True)
    lease: Mapped[datetime | None] = time_column(optional=True)
    log: Mapped[list[Json]] = json_column(list)
    created_at: Mapped[datetime] = time_column(now=True)
    settled_at: Mapped[datetime | None] = time_column(optional=True)

    @property
    def last_try(self) -> Json | None:
        return self.log[-1] if self.log else None
