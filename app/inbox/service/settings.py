"""How the company attends: one set of settings, kept with the company."""

from dataclasses import fields
from typing import Any

from flask_babel import gettext as _

from app.accounts.models import Tenant
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import FieldError, Invalid
from app.core.permissions import require
from app.inbox.queries.settings import NAMES, InboxSettings, read_settings

LONGEST_TEXT = 1000
MOST = {
    "reopen_hours": 24 * 30,
    "rating_hours": 24 * 30,
    "auto_close_hours": 24 * 90,
    "auto_close_warning_minutes": 1440,
}
_KINDS = {field.name: type(field.default) for field in fields(InboxSettings)}


def save_settings(**changes: Any) -> InboxSettings:
    """Raises Invalid with the fields."""
    require("settings.manage")
    known = {name: value for name, value in changes.items() if name in NAMES and value is not None}
    errors = [error for name, value in known.items() if (error := _problem(name, value))]
    if errors:
        raise Invalid(errors=errors)
    with transaction() as session:
        tenant = session.get(Tenant, current_actor().tenant_id, with_for_update=True, populate_existing=True)
        before = (tenant.settings or {}).get("inbox") or {}
        tenant.settings = {**(tenant.settings or {}), "inbox": {**before, **known}}
        audit("inbox.settings", "tenant", tenant.id, {"fields": sorted(known)})
        return read_settings(tenant.settings)


def _problem(name: str, value: Any) -> FieldError | None:
    kind = _KINDS[name]
    if kind is bool and not isinstance(value, bool):
        return FieldError(name, _("Escolha sim ou não"))
    if kind is str and (not isinstance(value, str) or len(value) > LONGEST_TEXT):
        return FieldError(name, _("Escreva um texto de até 1.000 caracteres"))
    if kind in (int, float) and not (_is_number(value) and 0 <= value <= MOST[name]):
        return FieldError(name, _("Escolha um número de 0 a %(most)s", most=MOST[name]))
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
