"""Dead letters as JSON."""

from marshmallow import fields, validate

from app.core.schema import PageQuery, Schema, UtcDateTime
from app.webhooks.queries import KINDS


class DeadLetterSchema(Schema):
    """`payload` is shown without secrets and with long values cut; `reason` is the error in words."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    error = fields.String(required=True)
    reason = fields.String(attribute="words")
    payload = fields.Raw(required=True, allow_none=True)
    instance_id = fields.UUID(allow_none=True)
    may_have_left = fields.Boolean(
        metadata={"description": "A message that may have reached the person: replaying it needs `confirm`."}
    )
    created_at = UtcDateTime(required=True)


class DeadLetterQuery(PageQuery):
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))


class DeadLetterReplaySchema(Schema):
    confirm = fields.Boolean(load_default=False)
