"""What a company decides for all its people."""

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _

from app.accounts.models import Tenant
from app.accounts.rules import AUDIT_DAYS, LOCALES, MESSAGES_MONTHS
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import FieldError, Forbidden, Invalid
from app.core.facts import emit
from app.core.permissions import ROLES, SENSITIVE, require

COLUMNS = ("name", "timezone", "locale", "area_code")
IDLE_MINUTES = (5, 60 * 24 * 7)


def save(**changes: Any) -> None:
    """Any of COLUMNS, `hours` ({} = none), `audit_days`, `messages_months` (0 = for ever). Raises Invalid (fields)."""
    require("settings.manage")
    errors = [error for name, value in changes.items() if (error := _problem(name, value))]
    if errors:
        raise Invalid(errors=errors)
    columns = {name: value.strip() if value else None for name, value in changes.items() if name in COLUMNS}
    kept = {name: changes[name] for name in ("hours", "audit_days", "messages_months") if name in changes}
    _store("tenant.settings", columns, kept)


def save_safety(*, idle_minutes: int, required_roles: list[str], confirm: list[str]) -> None:
    """What sign-in asks of everybody; `idle_minutes` 0 = no limit. Raises Invalid."""
    require("settings.manage")
    low, high = IDLE_MINUTES
    if idle_minutes and not low <= idle_minutes <= high:
        raise Invalid.field("idle_minutes", _("Use 0 ou um número de %(low)s a %(high)s.", low=low, high=high))
    if not (set(required_roles) <= set(ROLES) and set(confirm) <= set(SENSITIVE)):
        raise Invalid(_("Escolha uma das opções da lista."))
    if "roles" in current_actor().unconfirmed and "roles" not in confirm:
        raise Forbidden(_("Confirme com o código antes de afrouxar esta regra."))
    safety = {"idle_minutes": idle_minutes, "required_roles": sorted(required_roles), "confirm": sorted(confirm)}
    _store("tenant.safety", {}, {"security": safety})


def _store(action: str, columns: dict[str, Any], kept: dict[str, Any]) -> None:
    with transaction() as session:
        tenant = session.get_one(Tenant, current_actor().tenant_id, with_for_update=True, populate_existing=True)
        changed = {name: [getattr(tenant, name), new] for name, new in columns.items() if getattr(tenant, name) != new}
        for name, new in columns.items():
            setattr(tenant, name, new)
        changed |= {
            name: [tenant.settings.get(name), new] for name, new in kept.items() if tenant.settings.get(name) != new
        }
        tenant.settings = {**tenant.settings, **kept}
        if changed:
            audit(action, "tenant", tenant.id, changed)
            emit("tenant.changed", tenant_id=tenant.id)


def _problem(name: str, value: Any) -> FieldError | None:
    message = _CHECKS[name](value)
    return FieldError(name, message) if message else None


def _name(value: str) -> str | None:
    return None if 1 <= len((value or "").strip()) <= 120 else _("Digite um nome de até 120 letras.")


def _zone(value: str) -> str | None:
    return None if value in available_timezones() else _("Escolha um fuso da lista, como America/Sao_Paulo.")


def _locale(value: str) -> str | None:
    return None if value in LOCALES else _("Escolha uma das opções da lista.")


def _area_code(value: str | None) -> str | None:
    fits = not value or (len(value) == 2 and value.isascii() and value.isdecimal() and "0" not in value)
    return None if fits else _("O DDD tem dois números, como 11.")


def _audit_days(value: int) -> str | None:
    low, high = AUDIT_DAYS
    return None if low <= value <= high else _("Use um número de %(low)s a %(high)s.", low=low, high=high)


def _messages_months(value: int) -> str | None:
    low, high = MESSAGES_MONTHS
    return (
        None
        if value == 0 or low <= value <= high
        else _("Use 0 ou um número de %(low)s a %(high)s.", low=low, high=high)
    )


def _hours(value: dict[str, Any]) -> str | None:
    """Empty: no hours. The same form as a queue's."""
    if not value:
        return None
    try:
        start, end = time.fromisoformat(value["start"]), time.fromisoformat(value["end"])
    except (ValueError, KeyError, TypeError):
        return _("Diga de que hora a que hora, como 08:00 e 18:00.")
    days = value.get("days") or []
    if start == end or not days or not set(days) <= set(range(1, 8)):
        return _("Escolha os dias, e horas diferentes para abrir e fechar.")
    return None


_CHECKS = {
    "name": _name,
    "timezone": _zone,
    "locale": _locale,
    "area_code": _area_code,
    "audit_days": _audit_days,
    "messages_months": _messages_months,
    "hours": _hours,
}
