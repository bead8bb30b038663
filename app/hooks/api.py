"""JSON door of outgoing webhooks."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.paging import Page
from app.core.schema import PageQuery, page_of
from app.hooks import queries, service
from app.hooks.models import Webhook
from app.hooks.schemas import (
    DeliveryQuery,
    DeliverySchema,
    NewWebhookSchema,
    ReplayedSchema,
    RotateSecretSchema,
    WebhookBodySchema,
    WebhookSchema,
    WebhookWithSecretSchema,
    delivery_row,
)
from app.hooks.service import NewWebhook

blp = Blueprint("webhooks", __name__, url_prefix="/webhooks", description="Telling other systems what happens")


@blp.get("")
@blp.arguments(PageQuery, location="query")
@blp.response(200, page_of(WebhookSchema))
def index(query: dict[str, Any]) -> Page[Webhook]:
    """List webhooks"""
    return queries.list_webhooks(query["page"], query["limit"])


@blp.post("")
@blp.arguments(NewWebhookSchema)
@blp.response(201, WebhookWithSecretSchema)
def create(data: dict[str, Any]) -> dict[str, Any]:
    """Create a webhook

    Deliveries are signed as [Standard Webhooks](https://www.standardwebhooks.com) says: `webhook-id`,
    `webhook-timestamp` and `webhook-signature` over `id.timestamp.body`. The secret is shown in this answer only.
    Addresses of private networks are refused; redirects are not followed. What is sent holds no more than you may see.
    """
    return _with_secret(service.create_webhook(**data))


@blp.get("/<uuid:webhook_id>")
@blp.response(200, WebhookSchema)
def show(webhook_id: UUID) -> Webhook:
    """Read a webhook"""
    return queries.get_webhook(webhook_id)


@blp.patch("/<uuid:webhook_id>")
@blp.arguments(WebhookBodySchema(partial=True))
@blp.response(200, WebhookSchema)
def update(data: dict[str, Any], webhook_id: UUID) -> Webhook:
    """Change a webhook

    Whoever changes the address or the events answers for it: nothing is sent that they may not see.
    """
    return service.update_webhook(webhook_id, **data)


@blp.delete("/<uuid:webhook_id>")
@blp.response(204)
def delete(webhook_id: UUID) -> None:
    """Delete a webhook, with its log"""
    service.delete_webhook(webhook_id)


@blp.post("/<uuid:webhook_id>/test")
@blp.response(202, DeliverySchema)
def test(webhook_id: UUID) -> dict[str, Any]:
    """Send a test event

    One try; follow it by its id.
    """
    return delivery_row(service.send_test(webhook_id), queries.get_webhook(webhook_id))


@blp.post("/<uuid:webhook_id>/resume")
@blp.response(200, WebhookSchema)
def resume(webhook_id: UUID) -> Webhook:
    """Call a paused address again

    What waited goes first, in its order.
    """
    return service.resume_webhook(webhook_id)


@blp.post("/<uuid:webhook_id>/rotate-secret")
@blp.arguments(RotateSecretSchema)
@blp.response(200, WebhookWithSecretSchema)
def rotate_secret(data: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Change the secret

    For 24 hours both sign, the new one first.
    """
    return _with_secret(service.rotate_secret(webhook_id, data["secret"]))


@blp.post("/<uuid:webhook_id>/replay")
@blp.response(202, ReplayedSchema)
def replay_failed(webhook_id: UUID) -> dict[str, int]:
    """Send again what was given up"""
    return {"count": service.replay_failed(webhook_id)}


@blp.get("/<uuid:webhook_id>/deliveries")
@blp.arguments(DeliveryQuery, location="query")
@blp.response(200, page_of(DeliverySchema))
def deliveries(query: dict[str, Any], webhook_id: UUID) -> Page[dict[str, Any]]:
    """List deliveries

    Newest first. `total` stops at 10,000; `next_cursor` goes on at any depth.
    """
    query["state"] = query.pop("status")
    page, webhook = queries.list_deliveries(webhook_id, **query), queries.get_webhook(webhook_id)
    return replace(page, items=[delivery_row(row, webhook) for row in page.items])  # type: ignore[arg-type]


@blp.get("/deliveries/<uuid:delivery_id>")
@blp.response(200, DeliverySchema)
def delivery(delivery_id: UUID) -> dict[str, Any]:
    """Read a delivery: what was sent, each try and its answer"""
    row = queries.get_delivery(delivery_id)
    return delivery_row(row, queries.get_webhook(row.webhook_id))


@blp.post("/deliveries/<uuid:delivery_id>/replay")
@blp.response(202, DeliverySchema)
def replay(delivery_id: UUID) -> dict[str, Any]:
    """Send a delivery again

    The same bytes under the same `webhook-id`.
    """
    row = service.replay(delivery_id)
    return delivery_row(row, queries.get_webhook(row.webhook_id))


def _with_secret(made: NewWebhook) -> dict[str, Any]:
    """As the schema reads it."""
    fields = WebhookSchema().fields
    names = {field.attribute or name for name, field in fields.items()}
    return {name: getattr(made.row, name) for name in names} | {"secret": made.secret}
