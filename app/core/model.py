"""Shared shapes of tables: ids, tenancy and times. The schema itself is in `migrations/`."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.context import current_actor
from app.core.ids import new_id

Json = dict[str, Any]


def id_column() -> Mapped[uuid.UUID]:
    return mapped_column(Uuid, primary_key=True, default=new_id)


def tenant_column() -> Mapped[uuid.UUID]:
    """Filled from the actor; row-level security refuses any other."""
    return mapped_column(Uuid, default=lambda: current_actor().tenant_id)


def time_column(*, now: bool = False, touch: bool = False, optional: bool = False) -> Any:
    """`now` fills it at insert, `touch` also at each update."""
    default = clock.now if now or touch else None
    return mapped_column(
        DateTime(timezone=True), default=default, onupdate=clock.now if touch else None, nullable=optional
    )


def text_column(default: str | None = "", *, optional: bool = False) -> Any:
    return mapped_column(Text, default=None if optional else default, nullable=optional)


def json_column(kind: type = dict, *, optional: bool = False) -> Any:
    return mapped_column(JSONB, default=None if optional else kind, nullable=optional)


def created_by_column() -> Any:
    """The person who made the row, if one did."""
    return mapped_column(Uuid, default=_user_id, nullable=True)


def _user_id() -> uuid.UUID | None:
    return current_actor().user_id


class Timestamps:
    created_at: Mapped[datetime] = time_column(now=True)
    updated_at: Mapped[datetime] = time_column(touch=True)
