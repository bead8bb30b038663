"""Saved lists and their builder."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.forms import CONSENT_NAMES, FIELD_NAMES, OPERATOR_NAMES, ListForm, read_conditions, refuse
from app.contacts.models import ContactList
from app.contacts.queries import labels, people, segments
from app.contacts.service import labels as service
from app.core.errors import AppError
from app.core.permissions import require

blueprint = Blueprint("lists", __name__, template_folder="../templates", url_prefix="/lists")
NEW: dict[str, Any] = {"match": "all", "conditions": [{"field": "group", "op": "in", "value": []}]}
COUNTED = 100_000


@blueprint.get("")
def index() -> ResponseReturnValue:
    require("contacts.read")
    return render_template("contacts/lists.html", lists=labels.list_lists(), counted=COUNTED)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("contacts.manage")
    return _page(ListForm(formdata=None), NEW)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    filters = read_conditions(request.form)
    return _save(None, filters)


@blueprint.get("/<uuid:list_id>")
def show(list_id: UUID) -> ResponseReturnValue:
    found = service.recount(list_id)
    return render_template(
        "contacts/list.html",
        list=found,
        counted=COUNTED,
        sample=segments.segment_sample(found.filters, 20),
        **_words(),
    )


@blueprint.get("/<uuid:list_id>/edit")
def edit(list_id: UUID) -> ResponseReturnValue:
    require("contacts.manage")
    found = labels.get_list(list_id)
    return _page(ListForm(formdata=None, obj=found), found.filters, found)


@blueprint.post("/<uuid:list_id>/edit")
def update(list_id: UUID) -> ResponseReturnValue:
    return _save(labels.get_list(list_id), read_conditions(request.form))


def _save(found: ContactList | None, filters: dict[str, Any]) -> ResponseReturnValue:
    form = ListForm()
    if request.form.get("change"):  # a row added or taken away, without JavaScript
        return _page(form, _changed(filters, request.form["change"]), found)
    values = {"name": form.name.data or "", "description": form.description.data or "", "filters": filters}
    try:
        saved = service.update_list(found.id, **values) if found else service.create_list(**values)
    except AppError as error:
        refuse(form, error)
        return _page(form, filters, found), error.status
    flash(_("Lista salva."), "success")
    return redirect(url_for("lists.show", list_id=saved.id), 303)


def _changed(filters: dict[str, Any], change: str) -> dict[str, Any]:
    conditions = list(filters["conditions"])
    verb, _separator, row = change.partition(":")
    if verb == "add":
        conditions.append({"field": "tag", "op": "in", "value": []})
    elif row.isdigit() and int(row) < len(conditions):
        del conditions[int(row)]
    return filters | {"conditions": conditions}


@blueprint.post("/builder")
def builder() -> ResponseReturnValue:
    """The rows again, after a choice that changes what may be asked next."""
    require("contacts.manage")
    filters = _changed(read_conditions(request.form), request.form.get("change", ""))
    return render_template("contacts/_builder.html", filters=filters, **_words())


@blueprint.post("/count")
def count() -> ResponseReturnValue:
    require("contacts.read")
    filters = read_conditions(request.form)
    wrong = segments.check_filters(filters)
    found = None if wrong else segments.count_segment(filters, COUNTED)
    sample = [] if wrong else segments.segment_sample(filters, 5)
    return render_template("contacts/_count.html", count=found, counted=COUNTED, sample=sample)


@blueprint.post("/<uuid:list_id>/delete")
def delete(list_id: UUID) -> ResponseReturnValue:
    service.delete_list(list_id)
    flash(_("Lista excluída. Os contatos continuam aqui."), "success")
    return redirect(url_for("lists.index"), 303)


def _page(form: ListForm, filters: dict[str, Any], found: ContactList | None = None) -> str:
    return render_template("contacts/list_edit.html", form=form, filters=filters, list=found, **_words())


def _words() -> dict[str, Any]:
    return {
        "fields": FIELD_NAMES,
        "operators": segments.OPERATORS,
        "operator_names": OPERATOR_NAMES,
        "consents": CONSENT_NAMES,
        "groups": labels.list_groups(),
        "tags": labels.list_tags(),
        "custom_keys": people.custom_keys(),
    }
