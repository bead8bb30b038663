"""Companies: made by the operator or by registration, suspended and resumed by the operator."""

import uuid

from flask_babel import gettext as _
from sqlalchemy import text

from app.accounts.models import Tenant
from app.accounts.rules import normal_email, slug
from app.accounts.service import passwords, people, sessions
from app.core import clock, ids
from app.core.audit import audit
from app.core.context import acting, system
from app.core.db import transaction
from app.core.errors import Invalid, NotFound
from app.core.facts import emit
from app.core.hashing import hash_password

LIMITS = ("users", "instances")


def create_company(
    name: str,
    *,
    admin_email: str,
    admin_password: str = "",
    admin_name: str = "",
    password_hash: str | None = None,
    locale: str | None = None,
) -> uuid.UUID:
    """A company and its first admin, both or neither. Never asked for by a person inside another one.

    `password_hash`: of a registration, whose address and password were checked before.
    """
    if not name.strip():
        raise Invalid.field("name", _("Dê um nome à empresa."))
    email, hashed = normal_email(admin_email), password_hash
    if hashed is None:
        problems = passwords.problems(admin_password, email, strict=False)
        if problems:
            raise Invalid(errors=problems)
        hashed = hash_password(admin_password)
    tenant_id = ids.new_id()
    with acting(system(tenant_id)), transaction() as session:
        # The tail of the id keeps two companies of one name apart.
        address = f"{slug(name)}-{tenant_id.hex[-6:]}"
        session.execute(
            text("SELECT create_tenant(:id, :name, :slug)"), {"id": tenant_id, "name": name.strip(), "slug": address}
        )
        if locale:
            session.get_one(Tenant, tenant_id).locale = locale
        admin = people.add_person(email, admin_name or _("Administrador"), "admin", [], hashed)
        admin.email_verified_at = clock.now() if password_hash else None
        audit("user.create", "user", admin.id, {"email": email, "role": "admin"})
        audit("tenant.create", "tenant", tenant_id, {"name": name.strip()})
        emit("user.created", user_id=admin.id)
        emit("tenant.created", tenant_id=tenant_id)
    return tenant_id


def suspend(tenant_id: uuid.UUID, reason: str = "") -> None:
    """Nobody gets in, whoever is in gets out, and the send queue lets nothing go (it asks at every message)."""
    _set(tenant_id, is_active=False, reason=reason.strip()[:300] or None)


def resume(tenant_id: uuid.UUID) -> None:
    """What waited goes on; people sign in again."""
    _set(tenant_id, is_active=True, reason=None)


def _set(tenant_id: uuid.UUID, *, is_active: bool, reason: str | None) -> None:
    with acting(system(tenant_id)), transaction() as session:
        tenant = session.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
        if tenant is None:
            raise NotFound(_("Empresa não encontrada"))
        tenant.is_active, tenant.suspended_reason = is_active, reason
        tenant.suspended_at = None if is_active else clock.now()
        audit("tenant.resume" if is_active else "tenant.suspend", "tenant", tenant_id, {"reason": reason})
        emit("tenant.resumed" if is_active else "tenant.suspended", tenant_id=tenant_id)
        sessions.ring()


def set_limit(tenant_id: uuid.UUID, name: str, most: int | None) -> None:
    """How many `users` or `instances` a company may have; None lifts it. What is there already stays."""
    if name not in LIMITS or (most is not None and most < 1):
        raise Invalid.field("limit", _("Use um número a partir de 1."))
    with acting(system(tenant_id)), transaction() as session:
        tenant = session.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
        if tenant is None:
            raise NotFound(_("Empresa não encontrada"))
        before = tenant.limit(name)
        tenant.settings = {**tenant.settings, "limits": {**tenant.settings.get("limits", {}), name: most}}
        audit("tenant.limit", "tenant", tenant_id, {name: [before, most]})
