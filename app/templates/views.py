"""Pages of templates."""

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.contacts.queries.people import custom_keys
from app.core.errors import AppError
from app.core.permissions import require
from app.media.queries import find_media, list_by_ids
from app.templates import queries, service
from app.templates.forms import CATEGORY_NAMES, TemplateForm
from app.templates.models import Template
from app.templates.rules import Literal, Part, empty_names, key_of, parse, variables
from app.ui.filters import whatsapp

blueprint = Blueprint("templates", __name__, template_folder="templates", url_prefix="/templates")
PER_PAGE = 24
BUILT_IN = ("nome", "primeiro_nome", "telefone", "email")
# Private characters that no text holds survive escaping and become the marks of a variable.
_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_PRIVATE = re.compile("[\ue000-\ue002]")
_MARKED = re.compile("\ue000(.*?)\ue001(.*?)\ue002", re.S)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.filters["with_variables"] = with_variables


@blueprint.get("")
def index() -> ResponseReturnValue:
    search, category = request.args.get("q", ""), request.args.get("category", "")
    category = category if category in CATEGORY_NAMES else ""
    page = queries.list_templates(search, category, request.args.get("page", 1, type=int), PER_PAGE)
    files = list_by_ids([row.media_id for row in page.items if row.media_id])
    return render_template(
        "templates/index.html", page=page, files=files, q=search, category=category, categories=CATEGORY_NAMES
    )


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("templates.write")
    return _editor(TemplateForm(formdata=None))


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    return _save(TemplateForm(), None)


@blueprint.get("/<uuid:template_id>")
def show(template_id: UUID) -> ResponseReturnValue:
    """The editor, read-only for those who may not write."""
    template = queries.get_template(template_id)
    return _editor(TemplateForm.of(template), template)


@blueprint.post("/<uuid:template_id>")
def update(template_id: UUID) -> ResponseReturnValue:
    return _save(TemplateForm(), queries.get_template(template_id))


@blueprint.post("/<uuid:template_id>/copy")
def copy(template_id: UUID) -> ResponseReturnValue:
    made = service.copy_template(template_id)
    flash(_("Modelo duplicado. Mude o que quiser e salve."), "success")
    return redirect(url_for("templates.show", template_id=made.id), 303)


@blueprint.post("/<uuid:template_id>/delete")
def delete(template_id: UUID) -> ResponseReturnValue:
    service.delete_template(template_id)
    flash(_("Modelo excluído."), "success")
    return redirect(url_for("templates.index"), 303)


@blueprint.post("/preview")
def preview() -> ResponseReturnValue:
    """The bubble while one types."""
    require("templates.read")
    return _preview_of(request.form.get("content", ""), request.form.get("media_id"))


def _preview_of(content: str, media_id: str | None) -> str:
    return render_template("templates/_preview.html", **_preview(content, media_id))


def _preview(content: str, media_id: object) -> dict[str, Any]:
    found = variables(content)
    return {
        "content": content,
        "media": find_media(_uuid(media_id)),
        "variables": found,
        "holes": [name for name in empty_names(parse(content), {}) if key_of(name) not in BUILT_IN],
        "doubled": "{{" in content and "}}" in content,
    }


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None


def _editor(form: TemplateForm, template: Template | None = None, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "templates/edit.html",
        form=form,
        template=template,
        names=[*BUILT_IN, *[key for key in custom_keys(12) if key not in BUILT_IN]],
        **_preview(form.content.data or "", form.media_id.data),
    )
    return page, status


def _save(form: TemplateForm, template: Template | None) -> ResponseReturnValue:
    if not form.validate():
        return _editor(form, template, 422)
    fields = {name: form[name].data for name in ("name", "category", "content")}
    fields["media_id"] = _uuid(form.media_id.data)
    try:
        saved = service.update_template(template.id, **fields) if template else service.create_template(**fields)
    except AppError as error:
        _refuse(form, error)
        return _editor(form, template, error.status)
    flash(_("Modelo “%(name)s” salvo.", name=saved.name), "success")
    return redirect(url_for("templates.index"), 303)


def _refuse(form: TemplateForm, error: AppError) -> None:
    """Put the service's words beside the field they are about."""
    for one in error.errors:
        if one.field in form:
            form[one.field].errors = [*form[one.field].errors, one.message]
    if not error.errors:
        form.form_errors.append(str(error.message))


def with_variables(text: str) -> Markup:
    """The text as WhatsApp shows it, with each variable marked: its default, or its name where it has none."""
    html = str(whatsapp("".join(map(_marked, parse(_PRIVATE.sub("", text or ""))))))
    return Markup(_MARKED.sub(r'<mark class="variable" title="\1">\2</mark>', html))


def _marked(part: Part) -> str:
    if isinstance(part, Literal):
        return part.text
    return f"{_OPEN}{{{part.name}}}{_MIDDLE}{part.default or part.name}{_CLOSE}"
