"""The way of a spreadsheet: file, columns, check-up, result."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.contacts.forms import uuids
from app.contacts.importing import synonyms
from app.contacts.importing.mapping import Mapping
from app.contacts.importing.problems import RULES, Severity, file_message
from app.contacts.models import Import
from app.contacts.queries import imports, labels
from app.contacts.service import imports as service
from app.contacts.service.exports import FORMATS
from app.contacts.service.import_result import result_kind
from app.contacts.service.import_undo import undo_import
from app.contacts.service.imports import Wishes
from app.contacts.service.labels import ensure_group
from app.contacts.views.import_words import TARGET_NAMES, doctor_cards, example_rows
from app.core.errors import Invalid, NotFound
from app.core.permissions import require
from app.core.storage import storage
from app.ui.downloads import Stored, disposition, file_response

blueprint = Blueprint("imports", __name__, template_folder="../templates", url_prefix="/contacts")
_SHOWN_ROWS = 10
_ALSO_FIXED = ("email_invalid", "duplicate_in_file")


@blueprint.get("/import")
def start() -> ResponseReturnValue:
    require("contacts.manage")
    groups, latest = labels.list_groups(), imports.list_imports()
    return render_template("contacts/import.html", groups=groups, imports=latest, example=example_rows())


@blueprint.post("/import")
def upload() -> ResponseReturnValue:
    require("contacts.manage")
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid.field("file", _("Escolha uma planilha."))
    group = next(iter(uuids([request.form.get("group_id", "")])), None)
    found = service.start_import(file.stream, file.filename, Wishes(group_id=group))  # type: ignore[arg-type]
    return _back(found.id, step="columns")


@blueprint.get("/import/example.csv")
def example() -> ResponseReturnValue:
    require("contacts.read")
    lines = ["\ufeff" + ";".join(row) if number == 0 else ";".join(row) for number, row in enumerate(example_rows())]
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": disposition("attachment", "exemplo.csv"),
    }
    return "\r\n".join(lines) + "\r\n", 200, headers


@blueprint.get("/imports/<uuid:import_id>")
def show(import_id: UUID) -> ResponseReturnValue:
    found = imports.get_import(import_id)
    return render_template("contacts/import_show.html", **_context(found))


@blueprint.get("/imports/<uuid:import_id>/state")
def state(import_id: UUID) -> ResponseReturnValue:
    return render_template("contacts/_import.html", **_context(imports.get_import(import_id)))


def _context(found: Import) -> dict[str, Any]:
    step = request.args.get("step", "")
    mapping = Mapping.from_json(found.mapping) if found.mapping else None
    needs_columns = bool(found.analysis.get("needs_columns"))
    context = {"found": found, "mapping": mapping, "to_import": service.to_import(found), "step": step}
    context |= {"wants_columns": found.status == "ready" and (needs_columns or step == "columns")}
    if found.status == "failed":
        context["message"] = _failure(found)
    if context["wants_columns"]:
        context |= {"targets": TARGET_NAMES, "single": synonyms.SINGLE}
    elif found.status == "ready":
        context |= {"cards": doctor_cards(found), "groups": labels.list_groups()}
    return context


def _failure(found: Import) -> str:
    values = found.analysis.get("error_values", {})
    if found.error == "columns":
        return " ".join(service.mapping_message(code) for code in values.get("codes", []))
    return file_message(found.error or "", values)


def _back(import_id: UUID, **arguments: Any) -> ResponseReturnValue:
    return redirect(url_for("imports.show", import_id=import_id, **arguments), 303)


@blueprint.post("/imports/<uuid:import_id>/sheet")
def choose_sheet(import_id: UUID) -> ResponseReturnValue:
    index = request.form.get("sheet", "")
    service.choose_sheet(import_id, int(index) if index.isdigit() else -1)
    return _back(import_id, step="columns")


@blueprint.post("/imports/<uuid:import_id>/columns")
def choose_columns(import_id: UUID) -> ResponseReturnValue:
    chosen = {key.removeprefix("column-"): value for key, value in request.form.items() if key.startswith("column-")}
    if any(value not in synonyms.TARGETS for value in chosen.values()):
        raise Invalid.field("columns", _("Escolha um campo para cada coluna."))
    service.choose_columns(import_id, {int(key): value for key, value in chosen.items() if key.isdigit()})
    return _back(import_id)


@blueprint.get("/imports/<uuid:import_id>/problems/<code>")
def problems(import_id: UUID, code: str) -> ResponseReturnValue:
    """The rows of one kind, to look at and to mend."""
    found = imports.get_import(import_id)
    if code not in RULES:
        raise NotFound
    page = max(1, request.args.get("page", 1, type=int))
    rows = imports.troubled_rows(import_id, code, limit=_SHOWN_ROWS + 1, page=page)
    return render_template(
        "contacts/_problems.html",
        found=found,
        code=code,
        rule=RULES[code],
        rows=rows[:_SHOWN_ROWS],
        page=page,
        more=len(rows) > _SHOWN_ROWS,
        names=imports.column_names(found),
        editable=(found.status == "ready" and RULES[code].severity is Severity.ERROR) or code in ("email_invalid",),
        shown_suggestion=imports.shown_suggestion,
        phone_column=_phone_column(found),
    )


def _phone_column(found: Import) -> int:
    phone = Mapping.from_json(found.mapping).first(synonyms.PHONE) if found.mapping else None
    return phone.index if phone else 0


@blueprint.post("/imports/<uuid:import_id>/repair")
def repair(import_id: UUID) -> ResponseReturnValue:
    service.switch_repair(import_id, request.form.get("code", ""), on=request.form.get("on") == "1")
    return _back(import_id)


@blueprint.post("/imports/<uuid:import_id>/area")
def area(import_id: UUID) -> ResponseReturnValue:
    service.set_default_area(import_id, request.form.get("area", ""))
    return _back(import_id)


@blueprint.post("/imports/<uuid:import_id>/fix")
def fix(import_id: UUID) -> ResponseReturnValue:
    row, column = (request.form.get(key, -1, type=int) for key in ("row", "column"))
    service.fix_cell(import_id, row, column, request.form.get("value", ""))
    return _back(import_id, _anchor="conferencia")


@blueprint.post("/imports/<uuid:import_id>/confirm")
def confirm(import_id: UUID) -> ResponseReturnValue:
    rule, opted_in = request.form.get("duplicates", "fill"), request.form.get("opted_in") == "1"
    service.set_rules(import_id, duplicates=rule, group_id=_chosen_group(), opted_in=opted_in)
    service.confirm_import(import_id, expected=request.form.get("expected", -1, type=int))
    return _back(import_id)


def _chosen_group() -> UUID | None:
    """The one that is named here, made unless it exists, before the one that is picked."""
    name = request.form.get("new_group", "").strip()
    if name:
        return ensure_group(name).id
    return next(iter(uuids([request.form.get("group_id", "")])), None)


@blueprint.post("/imports/<uuid:import_id>/cancel")
def cancel(import_id: UUID) -> ResponseReturnValue:
    service.cancel_import(import_id)
    flash(_("Importação cancelada. Nada foi gravado."), "success")
    return redirect(url_for("imports.start"), 303)


@blueprint.post("/imports/<uuid:import_id>/undo")
def undo(import_id: UUID) -> ResponseReturnValue:
    kept = undo_import(import_id)
    words = ngettext(
        "Importação desfeita. %(num)s contato ficou, porque já conversou ou foi alterado depois.",
        "Importação desfeita. %(num)s contatos ficaram, porque já conversaram ou foram alterados depois.",
        kept,
    )
    flash(words if kept else _("Importação desfeita."), "success")
    return _back(import_id)


@blueprint.get("/imports/<uuid:import_id>/result")
def result(import_id: UUID) -> ResponseReturnValue:
    found = imports.get_import(import_id)
    if found.result_key is None:
        raise NotFound
    kind = result_kind(found)
    name = f"{found.file_name.rsplit('.', 1)[0]}-{_('resultado')}.{kind}"
    size = storage().size(found.result_key)
    return file_response(Stored(found.result_key, name, FORMATS[kind], size, etag=found.result_key))
