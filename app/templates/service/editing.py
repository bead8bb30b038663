"""Making, changing and putting away templates."""

import re
import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.core.audit import audit
from app.core.db import transaction
from app.core.errors import FieldError, Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.media.service import check_uploaded
from app.templates import queries
from app.templates.models import Template
from app.templates.rules import MAX_LENGTH, render, variables

MAX_NAME = 80
CATEGORIES = ("marketing", "utility", "authentication", "reply")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_CHANGEABLE = ("name", "content", "category", "language", "media_id")


def create_template(
    name: str,
    content: str,
    category: str = "marketing",
    language: str = "pt_BR",
    media_id: uuid.UUID | None = None,
) -> Template:
    require("templates.write")
    fields = {"name": name, "content": content, "category": category, "language": language, "media_id": media_id}
    with transaction() as session:
        template = Template(**_checked(fields))
        session.add(template)
        session.flush()
        audit("template.create", "template", template.id, {"name": template.name})
        emit("template.created", template_id=template.id)
    return template


def update_template(template_id: uuid.UUID, **changes: Any) -> Template:
    """Only the given fields change. Campaigns already launched keep the text they froze."""
    require("templates.write")
    with transaction():
        template = queries.get_template(template_id)
        before = {field: getattr(template, field) for field in _CHANGEABLE}
        after = _checked({**before, **changes}, but=template.id)
        for field, value in after.items():
            setattr(template, field, value)
        changed = {field: [before[field], after[field]] for field in _CHANGEABLE if before[field] != after[field]}
        if changed:
            audit("template.update", "template", template.id, changed)
            emit("template.updated", template_id=template.id)
    return template


def copy_template(template_id: uuid.UUID) -> Template:
    with transaction():
        source = queries.get_template(template_id)
        name = _free_name(_("%(name)s (cópia)", name=source.name), source.language)
        return create_template(name, source.content, source.category, source.language, source.media_id)


def delete_template(template_id: uuid.UUID) -> None:
    """A template that campaigns remember is put away instead, and its name becomes free."""
    require("templates.write")
    with transaction() as session:
        template = queries.get_template(template_id)
        audit("template.delete", "template", template.id, {"name": template.name})
        emit("template.deleted", template_id=template.id)
        try:
            with session.begin_nested():
                session.execute(delete(Template).where(Template.id == template_id))
        except IntegrityError:
            template.is_archived = True
            template.name = f"{template.name[: MAX_NAME - 40]} ~{template.id.hex}"


def _checked(fields: dict[str, Any], but: uuid.UUID | None = None) -> dict[str, Any]:
    """The fields as they are stored, `variables` included; raises Invalid with every problem at once."""
    name, content = _clean(fields["name"]), _clean(fields["content"])
    language, category = fields["language"] or "pt_BR", fields["category"] or "marketing"
    problems = [*_name_problems(name, language, but), *_content_problems(content)]
    if category not in CATEGORIES:
        problems.append(FieldError("category", _("Escolha uma categoria da lista.")))
    if not _LANGUAGE.fullmatch(language):
        problems.append(FieldError("language", _("Use um código de idioma como pt_BR.")))
    if problems:
        raise Invalid(problems[0].message, errors=problems)
    found = [{"name": variable.name, "default": variable.default} for variable in variables(content)]
    return {
        "name": name,
        "content": content,
        "category": category,
        "language": language,
        "media_id": check_uploaded(fields["media_id"]).id if fields["media_id"] else None,
        "variables": found,
    }


def _clean(text: str | None) -> str:
    return _CONTROL.sub("", (text or "").replace("\r\n", "\n")).strip()


def _name_problems(name: str, language: str, but: uuid.UUID | None) -> list[FieldError]:
    if not name:
        return [FieldError("name", _("Dê um nome ao modelo."))]
    if len(name) > MAX_NAME:
        return [FieldError("name", _("O nome pode ter até %(n)s caracteres.", n=MAX_NAME))]
    if queries.name_is_taken(name, language, but):
        return [FieldError("name", _("Já existe um modelo com este nome."))]
    return []


def _content_problems(content: str) -> list[FieldError]:
    if not content:
        return [FieldError("content", _("Escreva a mensagem."))]
    if len(content) > MAX_LENGTH or len(render(content, {})) > MAX_LENGTH:
        return [FieldError("content", _("A mensagem pode ter até 4.096 caracteres."))]
    return []


def _free_name(name: str, language: str) -> str:
    """The name, or the first numbered one that nobody has."""
    base, n = name[: MAX_NAME - 5], 1
    while queries.name_is_taken(name := base if n == 1 else f"{base} {n}", language):
        n += 1
    return name
