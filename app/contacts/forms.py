"""HTML in: the contact's form, filters of the list page, and the rows of the list builder."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import EmailField, SelectField, StringField, TelField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from app.contacts.models import Contact, Group, Tag
from app.contacts.queries.finding import Filter
from app.contacts.queries.segments import OPERATORS
from app.contacts.rules import COLORS
from app.core.errors import AppError

COLOR_NAMES = {
    "blue": _l("Azul"),
    "azure": _l("Azul-claro"),
    "indigo": _l("Anil"),
    "purple": _l("Roxo"),
    "pink": _l("Rosa"),
    "red": _l("Vermelho"),
    "orange": _l("Laranja"),
    "yellow": _l("Amarelo"),
    "lime": _l("Limão"),
    "green": _l("Verde"),
    "teal": _l("Verde-água"),
    "cyan": _l("Ciano"),
}
FIELD_NAMES = {
    "group": _l("Grupo"),
    "tag": _l("Etiqueta"),
    "consent": _l("Consentimento"),
    "last_interaction": _l("Última conversa"),
    "created": _l("Data de cadastro"),
    "custom": _l("Outro campo"),
    "name": _l("Nome"),
    "phone": _l("Telefone"),
    "email": _l("E-mail"),
    "blocked": _l("Bloqueado"),
}
OPERATOR_NAMES = {
    "in": _l("está em"),
    "not_in": _l("não está em"),
    "is": _l("é"),
    "contains": _l("contém"),
    "equals": _l("é igual a"),
    "not_equals": _l("é diferente de"),
    "filled": _l("está preenchido"),
    "empty": _l("está vazio"),
    "before": _l("antes de"),
    "after": _l("depois de"),
    "more_than": _l("maior que"),
    "less_than": _l("menor que"),
    "last_days": _l("nos últimos (dias)"),
    "older_than_days": _l("há mais de (dias)"),
    "never": _l("nunca"),
}
CONSENT_NAMES = {
    "opted_in": _l("Aceitou receber"),
    "opted_out": _l("Pediu para sair"),
    "none": _l("Sem registro"),
}


class ContactForm(FlaskForm):
    name = StringField(_l("Nome"), [Length(max=200)])
    phone = TelField(_l("Telefone"), [Length(max=40)], description=_l("Com DDD. O nono dígito pode faltar."))
    email = EmailField(_l("E-mail"), [Length(max=254)])
    tags = StringField(_l("Etiquetas"), [Length(max=500)], description=_l("Separe com vírgulas."))
    notes = TextAreaField(_l("Anotações"), [Length(max=5000)])

    @classmethod
    def of(cls, contact: Contact, tags: list[Tag]) -> ContactForm:
        data = {"name": contact.name, "phone": contact.phone, "email": contact.email, "notes": contact.notes}
        return cls(formdata=None, data=data | {"tags": ", ".join(tag.name for tag in tags)})

    def changes(self, form: MultiDict[str, str]) -> dict[str, Any]:
        """With the custom fields, whose names only the request knows, and the groups ticked."""
        data = {key: value for key, value in self.data.items() if key != "csrf_token"}
        data["tags"] = [tag.strip() for tag in (self.tags.data or "").split(",") if tag.strip()]
        data["custom_fields"] = read_custom(form)
        data["group_ids"] = uuids(form.getlist("group_ids"))
        return data


def read_custom(form: MultiDict[str, str]) -> dict[str, str]:
    """`custom_key` and `custom_value` come in pairs."""
    pairs = zip(form.getlist("custom_key"), form.getlist("custom_value"), strict=False)
    return {key.strip(): value.strip() for key, value in pairs if key.strip()}


class LabelForm(FlaskForm):
    name = StringField(_l("Nome"), [Length(max=80)])
    color = SelectField(_l("Cor"), choices=[SelectChoice(key, COLOR_NAMES[key]) for key in COLORS], default="teal")


class GroupForm(LabelForm):
    description = StringField(_l("Descrição"), [Length(max=500)])

    @classmethod
    def of(cls, group: Group) -> GroupForm:
        return cls(formdata=None, obj=group)


class ListForm(FlaskForm):
    name = StringField(_l("Nome da lista"), [Length(max=80)])
    description = StringField(_l("Descrição"), [Length(max=500)])


def refuse(form: FlaskForm, error: AppError) -> None:
    """Put the service's words beside the field they are about."""
    for one in error.errors:
        if one.field in form:
            form[one.field].errors = [*form[one.field].errors, one.message]
        else:
            form.form_errors.append(one.message)
    if not error.errors:
        form.form_errors.append(str(error.message))


def uuids(values: list[str]) -> list[uuid.UUID]:
    """Those that are ids; the rest did not come from our pages."""
    found = []
    for value in values:
        try:
            found.append(uuid.UUID(value))
        except ValueError:
            continue
    return found


def read_filter(args: Mapping[str, str]) -> Filter:
    """The list page's query string. What it does not know it ignores."""
    group, tag, brought = (next(iter(uuids([args.get(key, "")])), None) for key in ("group", "tag", "import"))
    consent = args.get("consent", "")
    return Filter(
        search=args.get("q", "").strip()[:100],
        group_id=group,
        tag_id=tag,
        import_id=brought,
        consent=consent if consent in CONSENT_NAMES else "",
        blocked={"1": True, "0": False}.get(args.get("blocked", "")),
    )


def read_conditions(form: MultiDict[str, str]) -> dict[str, Any]:
    """The rows of the builder, in their order: c-0-field, c-0-op, c-0-key, c-0-value…"""
    rows = sorted({int(key.split("-")[1]) for key in form if key.startswith("c-") and key.split("-")[1].isdigit()})
    conditions = [_condition(form, row) for row in rows[:50]]
    return {"match": "any" if form.get("match") == "any" else "all", "conditions": conditions}


def _condition(form: MultiDict[str, str], row: int) -> dict[str, Any]:
    field = form.get(f"c-{row}-field", "group")
    field = field if field in OPERATORS else "group"
    op = form.get(f"c-{row}-op", "")
    condition: dict[str, Any] = {"field": field, "op": op if op in OPERATORS[field] else OPERATORS[field][0]}
    if field == "custom":
        condition["key"] = form.get(f"c-{row}-key", "")
    return condition | {"value": _value(form, field, row)}


def _value(form: MultiDict[str, str], field: str, row: int) -> Any:
    if field in ("group", "tag"):
        return [str(value) for value in uuids(form.getlist(f"c-{row}-value"))]
    text = form.get(f"c-{row}-value", "").strip()
    return text != "0" if field == "blocked" else text
