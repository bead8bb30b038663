"""The hot queue: one row per message still to be sent, each number's pace, each campaign's lane on a number."""

import uuid
from datetime import date, datetime
from enum import IntEnum

from sqlalchemy import Boolean, Date, Float, Integer, SmallInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.model import Json, json_column, tenant_column, text_column, time_column
from app.extensions import db


class Lane(IntEnum):
    """What a person, the bot or the system answers goes before the API, and the API before campaigns. What systems send
    with low priority is among the campaigns: one in two of their turns."""

    HIGH = 0
    NORMAL = 1
    LOW = 2
    LATER = 3


class OutboxRow(db.Model):
    """`state`: queued, claimed (leased, not started), sending (started), unconfirmed (started, outcome unknown).
    `attempt` counts claims, `tries` the attempts that were spent."""

    __tablename__ = "outbox"

    message_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    contact_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    recipient_key: Mapped[str] = text_column()
    lane: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = text_column("queued")
    send_after: Mapped[datetime] = time_column(now=True)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    owner: Mapped[str | None] = text_column(optional=True)
    lease: Mapped[datetime | None] = time_column(optional=True)
    started_at: Mapped[datetime | None] = time_column(optional=True)
    unknown_at: Mapped[datetime | None] = time_column(optional=True)
    searched_at: Mapped[datetime | None] = time_column(optional=True)
    held: Mapped[str | None] = text_column(optional=True)


class InstancePace(db.Model):
    """When a number may send next, who drives it, and why it is held."""

    __tablename__ = "instance_pace"

    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    driver: Mapped[str | None] = text_column(optional=True)
    driver_lease: Mapped[datetime | None] = time_column(optional=True)
    batch_goes: Mapped[int] = mapped_column(Integer, default=0)
    day: Mapped[date | None] = mapped_column(Date, nullable=True)
    day_goes: Mapped[int] = mapped_column(Integer, default=0)
    hold: Mapped[str | None] = text_column(optional=True)
    hold_detail: Mapped[str | None] = text_column(optional=True)
    held_at: Mapped[datetime | None] = time_column(optional=True)
    probe_at: Mapped[datetime | None] = time_column(optional=True)
    probe_tries: Mapped[int] = mapped_column(Integer, default=0)
    recent: Mapped[str] = text_column()
    error_run: Mapped[int] = mapped_column(Integer, default=0)
    unacked: Mapped[int] = mapped_column(Integer, default=0)
    unacked_since: Mapped[datetime | None] = time_column(optional=True)
    first_go_at: Mapped[datetime | None] = time_column(optional=True)
    last_go_at: Mapped[datetime | None] = time_column(optional=True)


class SendLane(db.Model):
    """A campaign's place on a number: `is_open` is its brake, `vtime` its share, `pace` its overrides."""

    __tablename__ = "send_lanes"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    instance_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    is_open: Mapped[bool] = mapped_column(Boolean, default=True)
    closed_reason: Mapped[str | None] = text_column(optional=True)
    vtime: Mapped[float] = mapped_column(Float, default=0.0)
    pace: Mapped[Json] = json_column()
    day: Mapped[date | None] = mapped_column(Date, nullable=True)
    day_goes: Mapped[int] = mapped_column(Integer, default=0)
    quiet_until: Mapped[datetime | None] = time_column(optional=True)
    updated_at: Mapped[datetime] = time_column(touch=True)
