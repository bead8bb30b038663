"""Reads of templates."""

import uuid
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from app.core import paging
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.paging import Page
from app.core.permissions import require
from app.core.text import fold
from app.templates.models import Template


def get_template(template_id: uuid.UUID) -> Template:
    """Raises NotFound, also for an archived one."""
    require("templates.read")
    template = read_session().scalars(_live().where(Template.id == template_id)).one_or_none()
    if template is None:
        raise NotFound(_("Modelo não encontrado"))
    return template


def list_templates(
    search: str | None = None, category: str | None = None, page: int = 1, limit: int = 50
) -> Page[Template]:
    """By name; `search` looks into name and text, whatever the accents."""
    require("templates.read")
    page, limit = paging.clamp(page, limit)
    wanted = _live().where(Template.category == category) if category else _live()
    ordered = wanted.order_by(func.lower(Template.name), Template.id)
    if search and search.strip():
        found = _matching(read_session().scalars(ordered).all(), search)
        return Page(found[(page - 1) * limit : page * limit], len(found), page, limit)
    total = read_session().scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = read_session().scalars(ordered.offset((page - 1) * limit).limit(limit)).all()
    return Page(rows, total, page, limit)


def list_for_choice() -> Sequence[Template]:
    """Every live template by name, for menus."""
    require("templates.read")
    return read_session().scalars(_live().order_by(func.lower(Template.name), Template.id).limit(500)).all()


def count_templates() -> int:
    return read_session().scalar(select(func.count()).select_from(_live().subquery())) or 0


def name_is_taken(name: str, language: str, but: uuid.UUID | None = None) -> bool:
    wanted = select(Template.id).where(
        Template.tenant_id == current_actor().tenant_id, Template.name == name, Template.language == language
    )
    if but is not None:
        wanted = wanted.where(Template.id != but)
    return read_session().scalar(wanted) is not None


def _live() -> Select[tuple[Template]]:
    return select(Template).where(Template.tenant_id == current_actor().tenant_id, Template.is_archived.is_(False))


def _matching(rows: Sequence[Template], search: str) -> list[Template]:
    words = fold(search).split()
    return [row for row in rows if all(word in fold(f"{row.name} {row.content}") for word in words)]
