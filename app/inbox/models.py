"""Conversations: tickets and what happened to them."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean, Integer, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.model import Json, Timestamps, id_column, json_column, tenant_column, text_column, time_column
from app.extensions import db


class Ticket(Timestamps, db.Model):
    """One conversation from first word to close; one not-closed ticket per contact and instance."""

    __tablename__ = "tickets"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    contact_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    queue_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    status: Mapped[str] = text_column("pending")
    priority: Mapped[str] = text_column("medium")
    mode: Mapped[str] = text_column("human")
    needs_human_attention: Mapped[bool] = mapped_column(Boolean, default=False)
    flow_state: Mapped[Json | None] = json_column(optional=True)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    unread_count: Mapped[int] = mapped_column(Integer, default=0)
    last_message_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    last_message_at: Mapped[datetime | None] = time_column(optional=True)
    first_response_at: Mapped[datetime | None] = time_column(optional=True)
    closed_at: Mapped[datetime | None] = time_column(optional=True)
    rating: Mapped[int | None] = mapped_column(Integer, nullable=True)


class TicketEvent(db.Model):
    __tablename__ = "ticket_events"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    ticket_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    kind: Mapped[str] = text_column()
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    details: Mapped[Json] = json_column()
    assigned_at: Mapped[datetime | None] = time_column(optional=True)
    completed_at: Mapped[datetime | None] = time_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)
