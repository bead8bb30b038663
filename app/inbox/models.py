"""Conversations: tickets, what happened to them, and what attendants keep beside them."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean, Integer, Uuid
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

STATUSES = ("pending", "open", "closed")
PRIORITIES = ("low", "medium", "high", "urgent")
DISTRIBUTIONS = ("manual", "round_robin", "least_busy")


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
    last_message_at: Mapped[datetime | None] = time_column(now=True, optional=True)
    last_inbound_at: Mapped[datetime | None] = time_column(optional=True)
    first_response_at: Mapped[datetime | None] = time_column(optional=True)
    closed_at: Mapped[datetime | None] = time_column(optional=True)
    rating: Mapped[int | None] = mapped_column(Integer, nullable=True)
    needs_rating_until: Mapped[datetime | None] = time_column(optional=True)
    auto_close_warned_at: Mapped[datetime | None] = time_column(optional=True)
    menu_sent_at: Mapped[datetime | None] = time_column(optional=True)


class TicketEvent(db.Model):
    """`kind`: started, taken, released, transferred, assigned (by a rule), queued, closed, reopened, rated, priority,
    tags, merged, muted, answered_on_phone, auto_closed. An assignment has `assigned_at`, and `completed_at` once it is
    over."""

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


class Queue(Timestamps, db.Model):
    """A department. `hours` as a number's: `{start, end, days}`, ISO weekdays in the company's zone; empty: always."""

    __tablename__ = "queues"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    description: Mapped[str] = text_column()
    color: Mapped[str] = text_column("teal")
    greeting: Mapped[str] = text_column()
    away_message: Mapped[str] = text_column()
    hours: Mapped[Json] = json_column()
    distribution: Mapped[str] = text_column("manual")
    priority: Mapped[int] = mapped_column(Integer, default=0)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()


class QueueMember(db.Model):
    __tablename__ = "queue_members"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    queue_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    last_assigned_at: Mapped[datetime | None] = time_column(optional=True)


class QuickReply(Timestamps, db.Model):
    """Everybody's when `user_id` is None, else that person's own."""

    __tablename__ = "quick_replies"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    shortcut: Mapped[str] = text_column()
    content: Mapped[str] = text_column()
    category: Mapped[str] = text_column()
    media_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()


class TicketTag(db.Model):
    __tablename__ = "ticket_tags"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    ticket_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tag_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)


class TicketDraft(db.Model):
    """What a person began to write in a conversation; one per person and ticket."""

    __tablename__ = "ticket_drafts"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    ticket_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    body: Mapped[str] = text_column()
    is_note: Mapped[bool] = mapped_column(Boolean, default=False)
    updated_at: Mapped[datetime] = time_column(touch=True)


class SavedFilter(db.Model):
    """A person's own name for a set of list filters."""

    __tablename__ = "saved_filters"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    name: Mapped[str] = text_column()
    filters: Mapped[Json] = json_column()
    created_at: Mapped[datetime] = time_column(now=True)


class Mention(db.Model):
    """Somebody was called in a private note."""

    __tablename__ = "mentions"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    message_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    read_at: Mapped[datetime | None] = time_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)
