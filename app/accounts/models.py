"""Companies, people, their sessions and tokens."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Text, Uuid
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


class Tenant(Timestamps, db.Model):
    """One company. `timezone` is an IANA name; `region` and `area_code` complete phones typed without them."""

    __tablename__ = "tenants"

    id: Mapped[uuid.UUID] = id_column()
    name: Mapped[str] = text_column()
    slug: Mapped[str] = text_column()
    timezone: Mapped[str] = text_column("America/Sao_Paulo")
    locale: Mapped[str] = text_column("pt_BR")
    region: Mapped[str] = text_column("BR")
    area_code: Mapped[str | None] = text_column(optional=True)
    settings: Mapped[Json] = json_column()
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    safe_mode: Mapped[bool] = mapped_column(Boolean, default=False)
    suspended_at: Mapped[datetime | None] = time_column(optional=True)
    suspended_reason: Mapped[str | None] = text_column(optional=True)

    def limit(self, name: str) -> int | None:
        """What the operator allows of `users` or `instances`; None = as many as they like."""
        found = (self.settings or {}).get("limits", {}).get(name)
        return int(found) if found is not None else None


class User(Timestamps, db.Model):
    """A person of the tenant. `permissions` are granted beyond the role."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    email: Mapped[str] = text_column()
    password_hash: Mapped[str | None] = text_column(optional=True)
    name: Mapped[str] = text_column()
    avatar: Mapped[str | None] = text_column(optional=True)
    role: Mapped[str] = text_column("agent")
    permissions: Mapped[list[str]] = json_column(list)
    max_tickets: Mapped[int | None] = mapped_column(Integer, nullable=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    locale: Mapped[str] = text_column("pt_BR")
    theme: Mapped[str] = text_column("auto")
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    totp_pending: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)  # shown, not yet proven
    totp_step: Mapped[int | None] = mapped_column(BigInteger, nullable=True)  # a code serves once
    recovery_codes: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    email_verified_at: Mapped[datetime | None] = time_column(optional=True)
    last_login_at: Mapped[datetime | None] = time_column(optional=True)


class UserSession(db.Model):
    """A signed-in browser; revoking the row signs it out at its next request."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    user_agent: Mapped[str | None] = text_column(optional=True)
    ip: Mapped[str | None] = text_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)
    last_seen_at: Mapped[datetime] = time_column(now=True)
    expires_at: Mapped[datetime] = time_column()
    revoked_at: Mapped[datetime | None] = time_column(optional=True)
    confirmed_at: Mapped[datetime | None] = time_column(optional=True)  # the last second factor


class ApiToken(db.Model):
    """A named token of a developer or a system; the secret itself is shown once and kept only as a hash."""

    __tablename__ = "api_tokens"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    name: Mapped[str] = text_column()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    prefix: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str] | None] = json_column(list, optional=True)
    last_used_at: Mapped[datetime | None] = time_column(optional=True)
    expires_at: Mapped[datetime | None] = time_column(optional=True)
    revoked_at: Mapped[datetime | None] = time_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)


class RefreshToken(db.Model):
    """One link of a rotating family; a second use of a link revokes the whole family."""

    __tablename__ = "refresh_tokens"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    family_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = time_column(now=True)
    expires_at: Mapped[datetime] = time_column()
    used_at: Mapped[datetime | None] = time_column(optional=True)
    revoked_at: Mapped[datetime | None] = time_column(optional=True)


class Mail(db.Model):
    """A letter to be sent; what it says is sealed, and forgotten once it left."""

    __tablename__ = "mails"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    kind: Mapped[str] = text_column()
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, nullable=True)  # who of ours it is for
    payload: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    status: Mapped[str] = text_column("queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime] = time_column(now=True)
    error: Mapped[str | None] = text_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)
    sent_at: Mapped[datetime | None] = time_column(optional=True)


class OneTimeLink(db.Model):
    """A link that opens an account once: a new password, an invitation."""

    __tablename__ = "one_time_links"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    purpose: Mapped[str] = text_column()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = time_column(now=True)
    expires_at: Mapped[datetime] = time_column()
    used_at: Mapped[datetime | None] = time_column(optional=True)


class KnownDevice(db.Model):
    """A browser that this person has signed in from before."""

    __tablename__ = "known_devices"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    device_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = time_column(now=True)
    last_seen_at: Mapped[datetime] = time_column(now=True)


class Identity(db.Model):
    """An account elsewhere that opens this one."""

    __tablename__ = "identities"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    provider: Mapped[str] = text_column()
    subject: Mapped[str] = text_column()
    email: Mapped[str | None] = text_column(optional=True)
    created_at: Mapped[datetime] = time_column(now=True)


class AuditExport(db.Model):
    """The audit log as a file: asked for, written by a job."""

    __tablename__ = "audit_exports"

    id: Mapped[uuid.UUID] = id_column()
    tenant_id: Mapped[uuid.UUID] = tenant_column()
    created_by: Mapped[uuid.UUID | None] = created_by_column()
    filters: Mapped[Json] = json_column()
    status: Mapped[str] = text_column("pending")
    storage_key: Mapped[str | None] = text_column(optional=True)
    total: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = time_column(now=True)
    completed_at: Mapped[datetime | None] = time_column(optional=True)
