"""The company's own settings."""

from typing import Any
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.fields.choices import SelectChoice

from app.accounts import queries
from app.accounts.forms import CompanyForm, SafetyForm
from app.accounts.models import Tenant
from app.accounts.rules import AUDIT_DAYS_DEFAULT
from app.accounts.service import company
from app.core.context import current_actor
from app.core.errors import Forbidden, Invalid
from app.core.permissions import require

DAYS = [
    (1, _l("Segunda")),
    (2, _l("Terça")),
    (3, _l("Quarta")),
    (4, _l("Quinta")),
    (5, _l("Sexta")),
    (6, _l("Sábado")),
    (7, _l("Domingo")),
]


def show() -> ResponseReturnValue:
    require("settings.manage")
    return _page()


def save() -> ResponseReturnValue:
    require("settings.manage")
    form = _with_days(CompanyForm())
    if not form.validate():
        return _page(form), 422
    hours = {name: form[name].data for name in ("start", "end", "days")} if form.has_hours.data else {}
    changes: dict[str, Any] = {name: form[name].data for name in ("name", "timezone", "locale", "area_code")}
    try:
        changes |= {"audit_days": form.audit_days.data or AUDIT_DAYS_DEFAULT}
        company.save(**changes, hours=hours, messages_months=form.messages_months.data or 0)
    except Invalid as error:
        form.refuse(error)
        return _page(form), 422
    flash(_("Empresa salva."), "success")
    return redirect(url_for("accounts.company"), 303)


def save_safety() -> ResponseReturnValue:
    require("settings.manage")
    form = SafetyForm()
    if not form.validate():
        return _page(safety=form), 422
    try:
        company.save_safety(
            idle_minutes=form.idle_minutes.data or 0,
            required_roles=form.required_roles.data or [],
            confirm=form.confirm.data or [],
        )
    except (Invalid, Forbidden) as error:
        form.refuse(error)
        return _page(safety=form), error.status
    flash(_("Regras de entrada salvas. Valem desde já."), "success")
    return redirect(url_for("accounts.company"), 303)


def _with_days(form: CompanyForm) -> CompanyForm:
    form.days.choices = [SelectChoice(number, name) for number, name in DAYS]
    return form


def _page(form: CompanyForm | None = None, safety: SafetyForm | None = None) -> str:
    tenant = queries.get_tenant(current_actor().tenant_id)
    return render_template(
        "accounts/company.html",
        form=form or _with_days(CompanyForm(formdata=None, data=_shown(tenant))),
        safety=safety or SafetyForm(formdata=None, data=tenant.settings.get("security") or {}),
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix"))),
        limits={name: tenant.limit(name) for name in ("users", "instances")},
        used=queries.count_active_users(),
    )


def _shown(tenant: Tenant) -> dict[str, Any]:
    hours = tenant.settings.get("hours") or {}
    shown = {name: getattr(tenant, name) for name in ("name", "timezone", "locale", "area_code")}
    shown |= {"has_hours": bool(hours), "start": hours.get("start", "08:00"), "end": hours.get("end", "18:00")}
    return {**shown, "days": hours.get("days") or [1, 2, 3, 4, 5], "audit_days": audit_days(tenant),
            "messages_months": tenant.settings.get("messages_months") or None}  # fmt: skip


def audit_days(tenant: Tenant) -> int:
    return int(tenant.settings.get("audit_days") or AUDIT_DAYS_DEFAULT)
