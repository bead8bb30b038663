"""The list of contacts, one contact, and what is done to many."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app.contacts.forms import CONSENT_NAMES, ContactForm, read_filter, refuse, uuids
from app.contacts.queries import labels, people
from app.contacts.queries.finding import Filter
from app.contacts.service import bulk, merges
from app.contacts.service import people as service
from app.contacts.service.bulk import Choice
from app.contacts.service.people import NewContact
from app.core.errors import AppError, Invalid
from app.core.permissions import require

blueprint = Blueprint("contacts", __name__, template_folder="../templates", url_prefix="/contacts")
PAGE = 50


@blueprint.get("")
def index() -> ResponseReturnValue:
    wanted = read_filter(request.args)
    order = "name" if request.args.get("sort") == "name" else "recent"
    after, before = request.args.get("after"), request.args.get("before")
    page = people.list_contacts(wanted, order=order, after=after, before=before, limit=PAGE)
    ids = [contact.id for contact in page.items]
    groups, tags = labels.list_groups(), labels.list_tags()
    return render_template(
        "contacts/index.html",
        page=page,
        previous=people.previous_cursor(page, order) if after or (before and len(page.items) == PAGE) else None,
        wanted=wanted,
        groups=groups,
        tags=tags,
        groups_of=people.groups_of(ids),
        tags_of=people.tags_of(ids),
        consents=CONSENT_NAMES,
        counted=people.COUNTED,
    )


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("contacts.write")
    return _form_page(ContactForm(formdata=None), chosen=[])


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    form = ContactForm()
    data = form.changes(request.form)
    if not form.validate():
        return _form_page(form, chosen=data["group_ids"]), 422
    try:
        contact = service.create_contact(NewContact(**data))
    except AppError as error:
        refuse(form, error)
        return _form_page(form, chosen=data["group_ids"]), error.status
    flash(_("Contato criado."), "success")
    return redirect(url_for("contacts.show", contact_id=contact.id), 303)


def _form_page(form: ContactForm, *, chosen: list[UUID], contact: Any = None) -> str:
    return render_template(
        "contacts/edit.html",
        form=form,
        contact=contact,
        chosen=chosen,
        groups=labels.list_groups(),
        custom_keys=people.custom_keys(),
        custom=dict(
            zip(request.form.getlist("custom_key"), request.form.getlist("custom_value"), strict=False)
            if request.form
            else (contact.custom_fields if contact else {})
        ),
    )


@blueprint.get("/<uuid:contact_id>")
def show(contact_id: UUID) -> ResponseReturnValue:
    contact = service.view_contact(contact_id)
    if contact.id != contact_id:  # an alias: the address of the one that survived is the true one
        return redirect(url_for("contacts.show", contact_id=contact.id), 302)
    return render_template(
        "contacts/show.html",
        contact=contact,
        identities=people.identities_of(contact.id),
        groups=people.groups_of([contact.id]).get(contact.id, []),
        tags=people.tags_of([contact.id]).get(contact.id, []),
        merges=people.merges_of(contact.id),
    )


@blueprint.get("/<uuid:contact_id>/edit")
def edit(contact_id: UUID) -> ResponseReturnValue:
    require("contacts.write")
    contact = people.get_contact(contact_id)
    tags = people.tags_of([contact.id]).get(contact.id, [])
    chosen = [group.id for group in people.groups_of([contact.id]).get(contact.id, [])]
    return _form_page(ContactForm.of(contact, tags), chosen=chosen, contact=contact)


@blueprint.post("/<uuid:contact_id>/edit")
def update(contact_id: UUID) -> ResponseReturnValue:
    contact, form = people.get_contact(contact_id), ContactForm()
    data = form.changes(request.form)
    if not form.validate():
        return _form_page(form, chosen=data["group_ids"], contact=contact), 422
    try:
        service.update_contact(contact_id, data)
    except AppError as error:
        refuse(form, error)
        return _form_page(form, chosen=data["group_ids"], contact=people.get_contact(contact_id)), error.status
    flash(_("Contato salvo."), "success")
    return redirect(url_for("contacts.show", contact_id=contact_id), 303)


@blueprint.post("/<uuid:contact_id>/block")
def block(contact_id: UUID) -> ResponseReturnValue:
    blocked = request.form.get("blocked") == "1"
    service.set_blocked(contact_id, blocked=blocked)
    flash(_("Contato bloqueado: nada mais será enviado a ele.") if blocked else _("Contato desbloqueado."), "success")
    return redirect(url_for("contacts.show", contact_id=contact_id), 303)


@blueprint.post("/<uuid:contact_id>/consent")
def consent(contact_id: UUID) -> ResponseReturnValue:
    if request.form.get("consent") == "out":
        service.opt_out(contact_id, "page")
        flash(_("Saída registrada: esta pessoa não recebe mais campanhas."), "success")
    else:
        service.opt_in(contact_id, request.form.get("source", "").strip()[:200] or "page")
        flash(_("Consentimento registrado."), "success")
    return redirect(url_for("contacts.show", contact_id=contact_id), 303)


@blueprint.post("/<uuid:contact_id>/delete")
def delete(contact_id: UUID) -> ResponseReturnValue:
    people.get_contact(contact_id)
    _removed(bulk.remove(Choice(ids=[contact_id])))
    return redirect(url_for("contacts.index"), 303)


def _removed(result: tuple[int, datetime]) -> None:
    """The flash that can be taken back."""
    count, at = result
    flash(Markup(render_template("contacts/_undo.html", at=at.isoformat(), count=count)), "success")


@blueprint.post("/restore")
def restore() -> ResponseReturnValue:
    try:
        at = datetime.fromisoformat(request.form.get("at", ""))
    except ValueError as error:
        raise Invalid(_("Não há o que desfazer.")) from error
    count = bulk.restore(at)
    flash(ngettext("%(num)s contato de volta.", "%(num)s contatos de volta.", count), "success")
    return redirect(url_for("contacts.index"), 303)


@blueprint.post("/bulk")
def change_many() -> ResponseReturnValue:
    """`action` is a verb, with what it takes after a colon: group:<id>, tag:<name>, block…"""
    whole = request.form.get("all") == "1"
    choice = Choice(wanted=read_filter(request.args)) if whole else Choice(ids=uuids(request.form.getlist("ids")))
    verb, _separator, what = request.form.get("action", "").partition(":")
    if verb not in _VERBS:
        raise Invalid(_("Escolha o que fazer com os contatos."))
    _VERBS[verb](choice, what)
    return redirect(url_for("contacts.index", **request.args), 303)


def _group_many(choice: Choice, group_id: str) -> None:
    count = bulk.add_to_group(choice, _one_id(group_id))
    flash(ngettext("%(num)s contato entrou no grupo.", "%(num)s contatos entraram no grupo.", count), "success")


def _ungroup_many(choice: Choice, group_id: str) -> None:
    count = bulk.remove_from_group(choice, _one_id(group_id))
    flash(ngettext("%(num)s contato saiu do grupo.", "%(num)s contatos saíram do grupo.", count), "success")


def _tag_many(choice: Choice, name: str) -> None:
    name = name or request.form.get("tag_name", "").strip()
    if not name:
        raise Invalid(_("Dê o nome da etiqueta."))
    count = bulk.add_tag(choice, name)
    flash(ngettext("Etiqueta posta em %(num)s contato.", "Etiqueta posta em %(num)s contatos.", count), "success")


def _block_many(choice: Choice, _what: str) -> None:
    count = bulk.block(choice)
    flash(ngettext("%(num)s contato bloqueado.", "%(num)s contatos bloqueados.", count), "success")


def _opt_out_many(choice: Choice, _what: str) -> None:
    count = bulk.opt_out(choice, "page")
    flash(
        ngettext("Saída registrada para %(num)s contato.", "Saída registrada para %(num)s contatos.", count), "success"
    )


def _delete_many(choice: Choice, _what: str) -> None:
    _removed(bulk.remove(choice))


def _merge_many(choice: Choice, _what: str) -> None:
    """Into the oldest of them."""
    found = people.get_contacts(choice.ids)
    if not 2 <= len(found) <= 20:
        raise Invalid(_("Escolha de 2 a 20 contatos que sejam a mesma pessoa."))
    for other in found[1:]:
        merges.merge_contacts(found[0].id, other.id)
    flash(_("Contatos juntados. Para desfazer, abra o contato."), "success")


def _one_id(value: str) -> UUID:
    found = uuids([value])
    if not found:
        raise Invalid(_("Escolha um grupo."))
    return found[0]


_VERBS = {
    "group": _group_many,
    "ungroup": _ungroup_many,
    "tag": _tag_many,
    "block": _block_many,
    "opt_out": _opt_out_many,
    "delete": _delete_many,
    "merge": _merge_many,
}


@blueprint.get("/<uuid:contact_id>/merge")
def choose_twin(contact_id: UUID) -> ResponseReturnValue:
    require("contacts.manage")
    contact = people.get_contact(contact_id)
    query = request.args.get("q", contact.name).strip()
    found = people.list_contacts(Filter(search=query), limit=20).items if query else []
    twins = [twin for twin in found if twin.id != contact.id]
    return render_template("contacts/merge.html", contact=contact, twins=twins, query=query)


@blueprint.post("/<uuid:contact_id>/merge")
def merge(contact_id: UUID) -> ResponseReturnValue:
    merges.merge_contacts(contact_id, _one_id(request.form.get("twin", "")))
    flash(_("Contatos juntados. Dá para desfazer aqui mesmo."), "success")
    return redirect(url_for("contacts.show", contact_id=contact_id), 303)


@blueprint.post("/merges/<uuid:merge_id>/undo")
def unmerge(merge_id: UUID) -> ResponseReturnValue:
    restored = merges.undo_merge(merge_id)
    flash(_("Junção desfeita: os dois contatos voltaram."), "success")
    return redirect(url_for("contacts.show", contact_id=restored.id), 303)
