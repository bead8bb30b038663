"""JSON door of WhatsApp numbers."""

from typing import Any
from uuid import UUID

from flask import current_app
from flask_smorest import Blueprint

from app.core.paging import Page
from app.core.permissions import require
from app.core.schema import page_of
from app.instances import queries, service
from app.instances.models import Instance
from app.instances.schemas import (
    ConnectSchema,
    InstanceChangesSchema,
    InstanceQuery,
    InstanceSchema,
    InstanceStatusSchema,
    LinkSchema,
    NewInstanceSchema,
    TestMessageSchema,
    TestStartedSchema,
)

blp = Blueprint("instances", __name__, url_prefix="/instances", description="WhatsApp numbers")
CONNECT_SECONDS = 8


@blp.get("")
@blp.arguments(InstanceQuery, location="query")
@blp.response(200, page_of(InstanceSchema))
def index(query: dict[str, Any]) -> Page[Instance]:
    """List numbers"""
    require("instances.see")
    return queries.page_of_instances(query["page"], query["limit"], query["search"])


@blp.post("")
@blp.arguments(NewInstanceSchema)
@blp.response(201, InstanceSchema)
def create(data: dict[str, Any]) -> Instance:
    """Create a number

    It stays disconnected until somebody connects it.
    """
    return service.create(current_app.extensions["recado"], **data)


@blp.get("/<uuid:instance_id>")
@blp.response(200, InstanceSchema)
def show(instance_id: UUID) -> Instance:
    """Read a number"""
    require("instances.see")
    return queries.get_instance(instance_id)


@blp.patch("/<uuid:instance_id>")
@blp.arguments(InstanceChangesSchema)
@blp.response(200, InstanceSchema)
def update(data: dict[str, Any], instance_id: UUID) -> Instance:
    """Change a number

    Only the given fields; `pace` is merged field by field.
    """
    if data.pop("is_default", False):
        service.make_default(instance_id)
    return service.update(instance_id, data)


@blp.delete("/<uuid:instance_id>")
@blp.response(204)
def delete(instance_id: UUID) -> None:
    """Delete a number

    Its messages stay.
    """
    service.delete(instance_id)


@blp.post("/<uuid:instance_id>/connect")
@blp.arguments(ConnectSchema, required=False)
@blp.response(200, LinkSchema)
def connect(data: dict[str, Any], instance_id: UUID) -> Instance:
    """Connect a number

    Waits a few seconds for the QR code; where it is not there yet, ask `qr`.
    """
    service.ask_connect(instance_id, (data or {}).get("phone_number"))
    return service.wait_for_link(instance_id, CONNECT_SECONDS)


@blp.post("/<uuid:instance_id>/disconnect")
@blp.response(200, LinkSchema)
def disconnect(instance_id: UUID) -> Instance:
    """Disconnect a number"""
    return service.ask_disconnect(instance_id)


@blp.get("/<uuid:instance_id>/qr")
@blp.response(200, LinkSchema)
def qr(instance_id: UUID) -> Instance:
    """The QR code that holds now

    Asking keeps it fresh: poll every few seconds while someone looks at it.
    """
    require("instances.connect")
    instance = queries.get_instance(instance_id)
    if instance.status == "connecting":
        service.ask_refresh(instance_id)
    return instance


@blp.get("/<uuid:instance_id>/status")
@blp.response(200, InstanceStatusSchema)
def status(instance_id: UUID) -> Instance:
    """State and health of a number"""
    require("instances.see")
    return queries.get_instance(instance_id)


@blp.post("/<uuid:instance_id>/test")
@blp.arguments(TestMessageSchema)
@blp.response(202, TestStartedSchema)
def test(data: dict[str, Any], instance_id: UUID) -> dict[str, Any]:
    """Send a test message

    The outcome shows in `health.test` of `status`.
    """
    return {"test_id": service.ask_test(instance_id, data["recipient"]), "status": "queued"}
