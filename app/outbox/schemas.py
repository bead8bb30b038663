"""What other systems ask to be sent."""

from marshmallow import fields, validate

from app.core.schema import Schema, UtcDateTime

TYPES = ("text", "image", "video", "audio", "voice", "document", "sticker")
PRIORITIES = ("high", "normal", "low")
LONGEST_DELAY_MS = 20_000  # the gateway cuts longer ones into slices and keeps the call open


class SendOptionsSchema(Schema):
    delay = fields.Integer(
        validate=validate.Range(min=0, max=LONGEST_DELAY_MS),
        metadata={"description": "Milliseconds of “typing…” before the message."},
    )
    typing = fields.Boolean(metadata={"description": "Show “typing…” for a moment when no `delay` is given."})


class OutgoingMessageSchema(Schema):
    """`content` is the text, or the caption of a file; or `template_id` says it, filled from the contact and, before
    it, from `variables`."""

    type = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(TYPES))
    content = fields.String(load_default="", validate=validate.Length(max=4096))
    template_id = fields.UUID(load_default=None, allow_none=True)
    variables = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 100)),
        values=fields.String(validate=validate.Length(max=1000)),
        load_default=dict,
        validate=validate.Length(max=100),
        metadata={"description": "Values for the template, by name.", "example": {"pedido": "1234"}},
    )
    media_id = fields.UUID(load_default=None, allow_none=True)
    media_url = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    options = fields.Nested(SendOptionsSchema, load_default=dict)


class SendMessageSchema(Schema):
    """To a `recipient` (phone) or `contact_id` through an instance, or as an answer in a conversation (`ticket_id`)."""

    instance_id = fields.UUID(load_default=None, allow_none=True)
    recipient = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    contact_id = fields.UUID(load_default=None, allow_none=True)
    ticket_id = fields.UUID(load_default=None, allow_none=True)
    message = fields.Nested(OutgoingMessageSchema, required=True)
    priority = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(PRIORITIES),
        metadata={
            "description": "Unset: `high` for an answer in a conversation, else `normal`. `high` keeps only the least "
            "gap; `normal` goes before campaigns, four to one; `low` shares the campaigns' turns with them, one in two."
        },
    )
    scheduled_at = UtcDateTime(
        load_default=None, allow_none=True, metadata={"description": "Not before this moment, a year ahead at most."}
    )


class QueuedMessageSchema(Schema):
    id = fields.UUID(required=True)
    status = fields.String(required=True)


class MessageRetrySchema(Schema):
    confirm = fields.Boolean(
        load_default=False,
        metadata={"description": "Needed when the message may already have left: sending again may repeat it."},
    )
