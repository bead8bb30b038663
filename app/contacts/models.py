"""People outside: contacts, identities, tags, groups, saved lists, merges and imports."""

import uuid
from datetime import datetime
from typing import Any

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


class Contact(Timestamps, db.Model):
    """A person outside. `phone` is E.164 for display; what identifies the person are its identities."""

    __tablename__ = "contacts"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    phone: Mapped[str | None] = text_column(optional=True)
    email: Mapped[str | None] = text_column(optional=True)
    custom_fields: Mapped[Json] = json_column()
    notes: Mapped[str] = text_column()
    is_blocked: Mapped[bool] = mapped_column(Boolean, default=False)
    opted_in_at: Mapped[datetime | None] = time_column(optional=True)
    opted_in_source: Mapped[str | None] = text_column(optional=True)
    opted_out_at: Mapped[datetime | None] = time_column(optional=True)
    opted_out_source: Mapped[str | None] = text_column(optional=True)
    unreachable_at: Mapped[datetime | None] = time_column(optional=True)
    merged_into: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    avatar: Mapped[str | None] = text_column(optional=True)
    search: Mapped[str] = text_column()
    import_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    last_message_at: Mapped[datetime | None] = time_column(optional=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    deleted_at: Mapped[datetime | None] = time_column(optional=True)

    @property
    def is_live(self) -> bool:
        return self.merged_into is None and self.deleted_at is None


class ContactIdentity(db.Model):
    """A way WhatsApp or a sheet names the person. For `phone`, `value` is the canonical key, `display` the digits."""

    __tablename__ = "contact_identities"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    display: Mapped[str | None] = text_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)


class ContactMerge(db.Model):
    """One merge, with what it takes to undo it."""

    __tablename__ = "contact_merges"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    winner_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    loser_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    reason: Mapped[str] = text_column()
    snapshot: Mapped[Json] = json_column()
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    created_at: Mapped[datetime] = time_column(now=True)
    undone_at: Mapped[datetime | None] = time_column(optional=True)


class Tag(db.Model):
    __tablename__ = "tags"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    color: Mapped[str] = text_column("blue")
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    created_at: Mapped[datetime] = time_column(now=True)


class ContactTag(db.Model):
    __tablename__ = "contact_tags"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    contact_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    tag_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)


class Group(Timestamps, db.Model):
    """A named, coloured set of contacts."""

    __tablename__ = "groups"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    description: Mapped[str] = text_column()
    color: Mapped[str] = text_column("teal")
    created_by: Mapped[uuid.UUID | None] = created_by_column()


class GroupMember(db.Model):
    __tablename__ = "group_members"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    group_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    contact_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    import_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    created_at: Mapped[datetime] = time_column(now=True)


class ContactList(Timestamps, db.Model):
    """A saved filter over contacts, counted live."""

    __tablename__ = "lists"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    name: Mapped[str] = text_column()
    description: Mapped[str] = text_column()
    filters: Mapped[Json] = json_column()
    estimated_count: Mapped[int | None] = mapped_column(Integer, nullable=True)
    estimated_at: Mapped[datetime | None] = time_column(optional=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()


class Import(db.Model):
    """One uploaded sheet on its way in. Counts are of non-blank rows."""

    __tablename__ = "imports"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    file_name: Mapped[str] = text_column()
    file_hash: Mapped[str | None] = text_column(optional=True)
    storage_key: Mapped[str] = text_column()
    status: Mapped[str] = text_column("pending")
    source: Mapped[str] = text_column("contacts")
    sheet: Mapped[str | None] = text_column(optional=True)
    mapping: Mapped[Json] = json_column()
    options: Mapped[Json] = json_column()
    analysis: Mapped[Json] = json_column()
    fixes: Mapped[Json] = json_column()
    group_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    total: Mapped[int] = mapped_column(Integer, default=0)
    valid: Mapped[int] = mapped_column(Integer, default=0)
    invalid: Mapped[int] = mapped_column(Integer, default=0)
    repaired: Mapped[int] = mapped_column(Integer, default=0)
    duplicates: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[int] = mapped_column(Integer, default=0)
    updated: Mapped[int] = mapped_column(Integer, default=0)
    unchanged: Mapped[int] = mapped_column(Integer, default=0)
    progress: Mapped[int] = mapped_column(Integer, default=0)
    errors: Mapped[list[Any]] = json_column(list)
    error: Mapped[str | None] = text_column(optional=True)
    result_key: Mapped[str | None] = text_column(optional=True)
    owner: Mapped[str | None] = text_column(optional=True)
    lease: Mapped[datetime | None] = time_column(optional=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    created_at: Mapped[datetime] = time_column(now=True)
    started_at: Mapped[datetime | None] = time_column(optional=True)
    completed_at: Mapped[datetime | None] = time_column(optional=True)
    undone_at: Mapped[datetime | None] = time_column(optional=True)


class ImportRow(db.Model):
    """What happened to one row; `before` is what an undo restores."""

    __tablename__ = "import_rows"

    tenant_id: Mapped[uuid.UUID] = tenant_column()
    import_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    contact_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)
    outcome: Mapped[str] = text_column()
    problems: Mapped[list[Any]] = json_column(list)
    cells: Mapped[Json] = json_column()
    before: Mapped[Json | None] = json_column(optional=True)


class ContactExport(db.Model):
    """A file of contacts, written by a job. `filters` is what the page showed when it was asked for."""

    __tablename__ = "contact_exports"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    format: Mapped[str] = text_column("xlsx")
    filters: Mapped[Json] = json_column()
    status: Mapped[str] = text_column("pending")
    total: Mapped[int] = mapped_column(Integer, default=0)
    storage_key: Mapped[str | None] = text_column(optional=True)
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    created_at: Mapped[datetime] = time_column(now=True)
    completed_at: Mapped[datetime | None] = time_column(optional=True)
