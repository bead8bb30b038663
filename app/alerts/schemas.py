"""Alerts and the server's figures as JSON."""

from marshmallow import fields

from app.alerts import service
from app.core.schema import Schema, UtcDateTime


class AlertSchema(Schema):
    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    is_urgent = fields.Boolean(required=True)
    title = fields.Function(service.title, required=True, metadata={"type": "string"})
    text = fields.Function(service.words, required=True, metadata={"type": "string"})
    recommendation = fields.Function(service.advice, required=True, metadata={"type": "string"})
    opened_at = UtcDateTime(required=True)
    resolved_at = UtcDateTime(allow_none=True)


class AlertsSchema(Schema):
    data = fields.List(fields.Nested(AlertSchema), required=True)


class SystemSchema(Schema):
    status = fields.String(required=True, metadata={"description": "ok, or warning while an alert is open"})
    metrics = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)
    recommendations = fields.List(fields.String(), required=True)
    timestamp = UtcDateTime(required=True)
