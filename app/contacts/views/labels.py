"""Groups and tags: one page each, edited in place."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.forms import GroupForm, LabelForm
from app.contacts.queries import labels
from app.contacts.rules import COLORS
from app.contacts.service import labels as service
from app.core.permissions import require

blueprint = Blueprint("labels", __name__, template_folder="../templates", url_prefix="/contacts")


@blueprint.get("/groups")
def groups() -> ResponseReturnValue:
    require("contacts.read")
    found = labels.list_groups()
    sizes = labels.group_sizes(group.id for group in found)
    form = GroupForm(formdata=None)
    return render_template("contacts/groups.html", groups=found, sizes=sizes, form=form, colors=COLORS)


@blueprint.post("/groups")
def create_group() -> ResponseReturnValue:
    form = GroupForm()
    service.create_group(form.name.data or "", description=form.description.data or "", color=form.color.data)
    flash(_("Grupo criado."), "success")
    return redirect(url_for("labels.groups"), 303)


@blueprint.post("/groups/<uuid:group_id>")
def update_group(group_id: UUID) -> ResponseReturnValue:
    form = GroupForm()
    service.update_group(
        group_id, name=form.name.data or "", description=form.description.data or "", color=form.color.data
    )
    flash(_("Grupo salvo."), "success")
    return redirect(url_for("labels.groups"), 303)


@blueprint.post("/groups/<uuid:group_id>/delete")
def delete_group(group_id: UUID) -> ResponseReturnValue:
    service.delete_group(group_id)
    flash(_("Grupo excluído. Os contatos continuam aqui."), "success")
    return redirect(url_for("labels.groups"), 303)


@blueprint.get("/tags")
def tags() -> ResponseReturnValue:
    require("contacts.read")
    found = labels.list_tags()
    sizes = labels.tag_sizes(tag.id for tag in found)
    return render_template("contacts/tags.html", tags=found, sizes=sizes, form=LabelForm(formdata=None), colors=COLORS)


@blueprint.post("/tags")
def create_tag() -> ResponseReturnValue:
    form = LabelForm()
    service.create_tag(form.name.data or "", color=form.color.data)
    flash(_("Etiqueta criada."), "success")
    return redirect(url_for("labels.tags"), 303)


@blueprint.post("/tags/<uuid:tag_id>")
def update_tag(tag_id: UUID) -> ResponseReturnValue:
    form = LabelForm()
    service.update_tag(tag_id, name=request.form.get("name", ""), color=form.color.data)
    flash(_("Etiqueta salva."), "success")
    return redirect(url_for("labels.tags"), 303)


@blueprint.post("/tags/<uuid:tag_id>/delete")
def delete_tag(tag_id: UUID) -> ResponseReturnValue:
    service.delete_tag(tag_id)
    flash(_("Etiqueta excluída."), "success")
    return redirect(url_for("labels.tags"), 303)
