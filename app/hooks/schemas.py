"""Outgoing webhooks as JSON."""

from typing import Any

from marshmallow import fields, validate

from app.core.context import current_actor
from app.core.schema import PageQuery, Schema, UtcDateTime
from app.hooks import queries
from app.hooks.models import Delivery, Webhook
from app.hooks.rules import CHOICES, FAST_GAP, FAST_TRIES, GIVE_UP_HOURS, TEST

STATES = ("pending", "sending", "delivered", "failed", "discarded")
_URL = {"format": "uri", "example": "https://loja.exemplo.com.br/recado"}


class RetryConfigSchema(Schema):
    """Quick tries a few seconds apart, then longer and longer waits until it is given up."""

    quick_tries = fields.Integer(load_default=FAST_TRIES, validate=validate.Range(min=1, max=10))
    quick_gap_s = fields.Float(load_default=FAST_GAP, validate=validate.Range(min=1, max=300))
    give_up_after_h = fields.Float(load_default=GIVE_UP_HOURS, validate=validate.Range(min=0.1, max=72))


class WebhookBodySchema(Schema):
    url = fields.String(required=True, validate=validate.Length(1, 2000), metadata=_URL)
    events = fields.List(
        fields.String(validate=validate.OneOf(CHOICES)),
        required=True,
        validate=validate.Length(1, len(CHOICES)),
        metadata={"description": "`ticket.*` means all of its kind.", "example": ["message.received", "ticket.*"]},
    )
    description = fields.String(validate=validate.Length(max=200))
    instance_id = fields.UUID(
        allow_none=True,
        metadata={"description": "Only what happens on this number; contacts have none and stay out."},
    )
    retry_config = fields.Nested(RetryConfigSchema)
    is_active = fields.Boolean()


class NewWebhookSchema(WebhookBodySchema):
    secret = fields.String(
        allow_none=True,
        validate=validate.Length(max=200),
        metadata={"description": "`whsec_` and base64, as Standard Webhooks says; unset, one is made."},
    )


class RotateSecretSchema(Schema):
    secret = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=200))


class WebhookSchema(Schema):
    """`status`: on, failing (tried again by itself), paused (waits for `resume`, everything is kept) or off."""

    id = fields.UUID(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    description = fields.String(required=True)
    instance_id = fields.UUID(allow_none=True, required=True)
    retry_config = fields.Nested(RetryConfigSchema, attribute="retry", required=True)
    is_active = fields.Boolean(required=True)
    status = fields.String(attribute="state", required=True)
    sees = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Whether texts (`inbox.all`) and people's data (`contacts.read`) are sent along."},
    )
    paused_at = UtcDateTime(allow_none=True)
    paused_reason = fields.String(allow_none=True)
    failing_since = UtcDateTime(allow_none=True)
    last_called_at = UtcDateTime(allow_none=True, required=True)
    last_status = fields.Integer(allow_none=True)
    created_at = UtcDateTime(required=True)
    updated_at = UtcDateTime(required=True)


class WebhookWithSecretSchema(WebhookSchema):
    secret = fields.String(required=True, metadata={"description": "Shown this once."})


class TrySchema(Schema):
    """`status` is null when nobody answered; then `error` says why."""

    attempt = fields.Integer(required=True)
    at = fields.String(required=True)
    ms = fields.Integer(required=True)
    status = fields.Integer(allow_none=True, required=True)
    error = fields.String(required=True)
    answer = fields.String(required=True)


class DeliverySchema(Schema):
    """`request` is the body sent, null until the first try and to whoever may not see what is in it."""

    id = fields.UUID(required=True, metadata={"description": "The `webhook-id` of every try."})
    webhook_id = fields.UUID(required=True)
    event = fields.String(required=True)
    status = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_attempt_at = UtcDateTime(allow_none=True, required=True)
    request = fields.String(allow_none=True, required=True)
    tries = fields.List(fields.Nested(TrySchema), required=True)
    created_at = UtcDateTime(required=True)
    settled_at = UtcDateTime(allow_none=True)


class DeliveryQuery(PageQuery):
    status = fields.String(load_default=None, validate=validate.OneOf(STATES))
    event = fields.String(load_default=None, validate=validate.OneOf((*CHOICES, TEST)))


class ReplayedSchema(Schema):
    count = fields.Integer(required=True)


def delivery_row(row: Delivery, webhook: Webhook) -> dict[str, Any]:
    readable = queries.may_read(webhook, current_actor())
    plain = {name: getattr(row, name) for name in ("id", "webhook_id", "event", "attempts", "created_at", "settled_at")}
    return {
        **plain,
        "status": row.state,
        "next_attempt_at": row.next_at if row.state == "pending" else None,
        "request": row.body if readable else None,
        "tries": row.log,
    }
