"""Who did what, when and from where."""

import uuid
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.accounts import queries
from app.accounts.queries.audit import AuditFilter, get_export, list_audit
from app.accounts.rules import device
from app.accounts.service import audit_exports
from app.accounts.views.audit_words import ACTIONS, FIELDS, RESOURCES, SOURCES, is_pair, label_of
from app.core.errors import NotFound
from app.core.permissions import require
from app.core.storage import storage
from app.ui.downloads import Stored, file_response
from app.ui.navigation import ROLES


def index() -> ResponseReturnValue:
    require("audit.see")
    page = list_audit(_wanted(), request.args.get("after"))
    return render_template(
        "accounts/audit.html",
        page=page,
        people=[(str(row.user.id), row.user.name) for row in queries.list_team()],
        actions=sorted(((name, str(label)) for name, label in ACTIONS.items()), key=lambda pair: pair[1]),
        resources=sorted(((name, str(label)) for name, label in RESOURCES.items()), key=lambda pair: pair[1]),
        label_of=label_of,
        resource_of=RESOURCES,
        source_of=SOURCES,
        field_of=FIELDS,
        changes_of=changes_of,
        device=device,
    )


def export() -> ResponseReturnValue:
    found = audit_exports.start(_wanted())
    return redirect(url_for("accounts.audit_export", audit_export_id=found.id), 303)


def show_export(audit_export_id: uuid.UUID) -> ResponseReturnValue:
    require("audit.see")
    return render_template("accounts/audit_export.html", export=get_export(audit_export_id))


def export_state(audit_export_id: uuid.UUID) -> ResponseReturnValue:
    require("audit.see")
    return render_template("accounts/_audit_export.html", export=get_export(audit_export_id))


def download(audit_export_id: uuid.UUID) -> ResponseReturnValue:
    require("audit.see")
    found = get_export(audit_export_id)
    if found.storage_key is None:
        raise NotFound
    name = _("registro-%(day)s", day=f"{found.created_at:%Y-%m-%d}") + ".csv"
    size = storage().size(found.storage_key)
    return file_response(Stored(found.storage_key, name, audit_exports.MIME, size, etag=str(found.id)))


def _wanted() -> AuditFilter:
    """What isn't understood narrows nothing."""
    args = request.args
    return AuditFilter(
        user_id=_uuid(args.get("who")),
        action=args["action"] if args.get("action") in ACTIONS else None,
        resource_type=args["what"] if args.get("what") in RESOURCES else None,
        resource_id=_uuid(args.get("id")),
        since=_day(args.get("from")),
        until=_day(args.get("to"), end=True),
    )


def _uuid(value: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if value else None
    except ValueError:
        return None


def _day(value: str | None, *, end: bool = False) -> datetime | None:
    try:
        day = datetime.fromisoformat(value or "").date()
        return datetime.combine(day + timedelta(days=1) if end else day, time(), ZoneInfo(str(get_timezone())))
    except (ValueError, OverflowError):
        return None


def changes_of(row: Any) -> Iterator[tuple[str, str | None, str]]:
    """Field, before, after; without a before it is a plain value."""
    for name, value in (row.changes or {}).items():
        if is_pair(row.action, value):
            yield name, _plain(value[0]), _plain(value[1])
        else:
            yield name, None, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("sim") if value else _("não")
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{FIELDS.get(key, key)}: {_plain(item)}" for key, item in value.items())
    text = str(ROLES.get(value, value) if isinstance(value, str) else value)
    return text if len(text) <= 200 else text[:199] + "…"
