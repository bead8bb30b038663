"""What people do with templates, and the ready ones of a new company."""

from app.templates.service.editing import (
    copy_template,
    create_template,
    delete_template,
    update_template,
)
from app.templates.service.ready import make_ready_templates, on_tenant_created

__all__ = [
    "copy_template",
    "create_template",
    "delete_template",
    "make_ready_templates",
    "on_tenant_created",
    "update_template",
]
