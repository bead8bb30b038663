"""JSON door of templates."""

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.paging import Page
from app.core.schema import page_of
from app.templates import queries, service
from app.templates.models import Template
from app.templates.schemas import (
    NewTemplateSchema,
    TemplateChangesSchema,
    TemplateQuery,
    TemplateSchema,
    TemplateStatusSchema,
)

blp = Blueprint("templates", __name__, url_prefix="/templates", description="Reusable texts with variables")


@blp.get("")
@blp.arguments(TemplateQuery, location="query")
@blp.response(200, page_of(TemplateSchema))
def index(query: dict[str, Any]) -> Page[Template]:
    """List templates"""
    query.pop("cursor", None)
    return queries.list_templates(**query)


@blp.post("")
@blp.arguments(NewTemplateSchema)
@blp.response(201, TemplateSchema)
def create(data: dict[str, Any]) -> Template:
    """Create a template"""
    return service.create_template(**data)


@blp.get("/<uuid:template_id>")
@blp.response(200, TemplateSchema)
def show(template_id: UUID) -> Template:
    """Read a template"""
    return queries.get_template(template_id)


@blp.patch("/<uuid:template_id>")
@blp.arguments(TemplateChangesSchema)
@blp.response(200, TemplateSchema)
def update(data: dict[str, Any], template_id: UUID) -> Template:
    """Change a template

    Campaigns already launched keep the text they froze.
    """
    return service.update_template(template_id, **data)


@blp.put("/<uuid:template_id>")
@blp.arguments(NewTemplateSchema)
@blp.response(200, TemplateSchema)
def replace(data: dict[str, Any], template_id: UUID) -> Template:
    """Replace a template"""
    rest = {"category": "marketing", "language": "pt_BR", "media_id": None}
    return service.update_template(template_id, **{**rest, **data})


@blp.delete("/<uuid:template_id>")
@blp.response(204)
def delete(template_id: UUID) -> None:
    """Delete a template"""
    service.delete_template(template_id)


@blp.get("/<uuid:template_id>/status")
@blp.response(200, TemplateStatusSchema)
def status(template_id: UUID) -> Template:
    """Read a template's approval"""
    return queries.get_template(template_id)
