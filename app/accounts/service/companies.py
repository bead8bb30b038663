"""Companies and their first admin."""

import uuid

from flask_babel import gettext as _
from sqlalchemy import text

from app.accounts.rules import slug
from app.accounts.service import people
from app.core import ids
from app.core.audit import audit
from app.core.context import acting, system
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.facts import emit


def create_company(name: str, *, admin_email: str, admin_password: str, admin_name: str = "") -> uuid.UUID:
    """A company and its first admin, both or neither. Asked for by the operator, never by a person inside another."""
    if not name.strip():
        raise Invalid.field("name", _("Dê um nome à empresa."))
    tenant_id = ids.new_id()
    with acting(system(tenant_id)), transaction() as session:
        # The tail of the id keeps two companies of one name apart.
        address = f"{slug(name)}-{tenant_id.hex[-6:]}"
        session.execute(
            text("SELECT create_tenant(:id, :name, :slug)"), {"id": tenant_id, "name": name.strip(), "slug": address}
        )
        people.create_user(admin_email, admin_name or _("Administrador"), "admin", admin_password)
        audit("tenant.create", "tenant", tenant_id, {"name": name.strip()})
        emit("tenant.created", tenant_id=tenant_id)
    return tenant_id
