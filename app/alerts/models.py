"""What is wrong, from when to when."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean
from sqlalchemy.orm import Mapped, mapped_column

from app.core.model import Json, id_column, json_column, tenant_column, text_column, time_column
from app.extensions import db


class Alert(db.Model):
    """`kind` is one of `rules.KINDS`; `subject` tells two of a kind apart: a number's id, a disk's path."""

    __tablename__ = "alerts"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    kind: Mapped[str] = text_column()
    subject: Mapped[str] = text_column()
    is_urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    details: Mapped[Json] = json_column()
    opened_at: Mapped[datetime] = time_column(now=True)
    seen_at: Mapped[datetime] = time_column(now=True)
    resolved_at: Mapped[datetime | None] = time_column(optional=True)
    told_at: Mapped[datetime | None] = time_column(optional=True)
    told_end_at: Mapped[datetime | None] = time_column(optional=True)
