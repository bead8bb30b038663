"""Reusable texts with variables."""

import uuid
from typing import Any

from sqlalchemy import Boolean, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.model import Timestamps, created_by_column, id_column, json_column, tenant_column, text_column
from app.extensions import db


class Template(Timestamps, db.Model):
    """`content` holds `{variables}`; `variables` lists `{name, default}`; components and status are Meta's (cloud)."""

    __tablename__ = "templates"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    category: Mapped[str] = text_column("marketing")
    language: Mapped[str] = text_column("pt_BR")
    content: Mapped[str] = text_column()
    variables: Mapped[list[Any]] = json_column(list)
    components: Mapped[list[Any]] = json_column(list)
    media_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    status: Mapped[str] = text_column("approved")
    provider_template_id: Mapped[str | None] = text_column(optional=True)
    is_archived: Mapped[bool] = mapped_column(Boolean, default=False)
    created_by: Mapped[uuid.UUID | None] = created_by_column()
