"""JSON in and out."""

from marshmallow import fields, validate

from app.core.schema import PageQuery, Schema, UtcDateTime


class SendingHoursSchema(Schema):
    start = fields.String(required=True, metadata={"example": "08:00"})
    end = fields.String(required=True, metadata={"example": "18:00"})
    days = fields.List(fields.Integer(), metadata={"description": "ISO: 1 = Monday; all when absent."})


class WarmUpSchema(Schema):
    start = fields.Integer(required=True, metadata={"description": "Messages on the first day."})
    growth = fields.Float(load_default=1.5, metadata={"description": "Times this, each day after."})


class PaceSchema(Schema):
    """null puts a field back to its default."""

    delay_min_ms = fields.Integer(strict=True, allow_none=True)
    delay_max_ms = fields.Integer(strict=True, allow_none=True)
    batch_size = fields.Integer(
        strict=True, allow_none=True, metadata={"description": "Goes between pauses; 0: no pauses."}
    )
    batch_pause_s = fields.Integer(strict=True, allow_none=True)
    daily_cap = fields.Integer(strict=True, allow_none=True, metadata={"description": "Goes per local day; 0: none."})
    warm_up = fields.Nested(WarmUpSchema, allow_none=True)
    hours = fields.Nested(SendingHoursSchema, allow_none=True)


class InstanceQuery(PageQuery):
    search = fields.String(load_default="")


class NewInstanceSchema(Schema):
    name = fields.String(required=True)
    provider = fields.String(load_default="evolution", validate=validate.OneOf(["evolution", "cloud"]))
    description = fields.String(load_default="", validate=validate.Length(max=300))
    phone_number = fields.String(load_default=None, allow_none=True)
    pace = fields.Nested(PaceSchema, load_default=None, allow_none=True)
    max_agents = fields.Integer(load_default=10, strict=True)


class InstanceChangesSchema(Schema):
    name = fields.String()
    description = fields.String(validate=validate.Length(max=300))
    phone_number = fields.String(allow_none=True)
    is_active = fields.Boolean()
    is_default = fields.Boolean(validate=validate.Equal(True))
    max_agents = fields.Integer(strict=True)
    default_queue_id = fields.UUID(allow_none=True)
    pace = fields.Nested(PaceSchema)


class InstanceSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    provider = fields.String()
    phone_number = fields.String(allow_none=True)
    profile_name = fields.String(allow_none=True)
    status = fields.String(metadata={"description": "disconnected, connecting, connected or failed"})
    status_reason = fields.String(allow_none=True)
    is_default = fields.Boolean()
    is_active = fields.Boolean()
    max_agents = fields.Integer()
    default_queue_id = fields.UUID(allow_none=True)
    pace = fields.Dict(metadata={"description": "Only what was set; the rest follows the defaults."})
    health = fields.Dict()
    last_connection_at = UtcDateTime(allow_none=True)
    last_checked_at = UtcDateTime(allow_none=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()


class ConnectSchema(Schema):
    phone_number = fields.String(
        load_default=None, allow_none=True, metadata={"description": "Asks for a pairing code too."}
    )


class LinkSchema(Schema):
    status = fields.String()
    status_reason = fields.String(allow_none=True)
    qr_code = fields.String(allow_none=True, metadata={"description": "A data URI, ready for <img src>."})
    pairing_code = fields.String(allow_none=True)
    expires_at = UtcDateTime(attribute="qr_expires_at", allow_none=True)


class InstanceStatusSchema(Schema):
    id = fields.UUID()
    status = fields.String()
    status_reason = fields.String(allow_none=True)
    phone_number = fields.String(allow_none=True)
    health = fields.Dict()
    last_connection_at = UtcDateTime(allow_none=True)
    last_checked_at = UtcDateTime(allow_none=True)


class TestMessageSchema(Schema):
    recipient = fields.String(required=True)


class TestStartedSchema(Schema):
    test_id = fields.UUID()
    status = fields.String()
