"""Files that messages carry."""

import uuid
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Float, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.core.model import created_by_column, id_column, tenant_column, text_column, time_column
from app.extensions import db


class Media(db.Model):
    """One stored file. `size` in bytes, `seconds` of play; `storage_key` is never the user's file name.

    `kind` is `recording` until a worker has written the voice note in its place, or `error` (an audio error's code).
    """

    __tablename__ = "media"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    file_name: Mapped[str] = text_column()
    mime_type: Mapped[str] = text_column()
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = text_column()
    storage_key: Mapped[str] = text_column()
    thumb_key: Mapped[str | None] = text_column(optional=True)  # a small JPEG of a large picture
    kind: Mapped[str] = text_column("document")
    seconds: Mapped[float | None] = mapped_column(Float, nullable=True)
    peaks: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger), nullable=True)  # 0 to 100, for the player
    error: Mapped[str | None] = text_column(optional=True)
    width: Mapped[int | None] = mapped_column(Integer, nullable=True)
    height: Mapped[int | None] = mapped_column(Integer, nullable=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    created_at: Mapped[datetime] = time_column(now=True)
