"""The inbox as JSON."""

from typing import Any

from marshmallow import fields, validate

from app.core.schema import PageQuery, Schema, UtcDateTime
from app.inbox.models import DISTRIBUTIONS, PRIORITIES, STATUSES
from app.inbox.queries import TABS, TicketFilter, TicketRow

FILTERS = ("status", "queue_id", "user_id", "instance_id", "contact_id", "tag_id", "priority", "unread", "mentioned",
           "since", "until", "q")  # fmt: skip


class ContactRefSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    phone = fields.String(allow_none=True, required=True)


class LastMessageSchema(Schema):
    id = fields.UUID(required=True)
    text = fields.String(required=True)
    type = fields.String(required=True)
    direction = fields.String(required=True)
    status = fields.String()
    at = UtcDateTime(required=True)


class TagRefSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    color = fields.String(required=True)


class TicketSchema(Schema):
    """`status`: pending (waits), open (somebody has it), closed. `mode`: bot or human."""

    id = fields.UUID(required=True)
    contact = fields.Nested(ContactRefSchema, required=True)
    instance_id = fields.UUID(required=True)
    status = fields.String(required=True)
    mode = fields.String(required=True)
    priority = fields.String(required=True)
    needs_human_attention = fields.Boolean()
    queue_id = fields.UUID(allow_none=True, required=True)
    queue_name = fields.String(allow_none=True)
    user_id = fields.UUID(allow_none=True, required=True)
    user_name = fields.String(allow_none=True)
    unread_count = fields.Integer(required=True)
    last_message = fields.Nested(LastMessageSchema, allow_none=True, required=True)
    last_message_at = UtcDateTime(allow_none=True)
    last_inbound_at = UtcDateTime(allow_none=True)
    first_response_at = UtcDateTime(allow_none=True)
    created_at = UtcDateTime(required=True)
    closed_at = UtcDateTime(allow_none=True)
    rating = fields.Integer(allow_none=True)
    tags = fields.List(fields.Nested(TagRefSchema), required=True)


def ticket_fields(row: TicketRow) -> dict[str, Any]:
    contact = {"id": row.contact_id, "name": row.contact_name, "phone": row.contact_phone}
    return {**vars(row), "contact": contact}


class TicketQuery(PageQuery):
    """`status` unset: what is not closed. `q` looks at names, phones and messages, whatever the accents."""

    tab = fields.String(load_default="all", validate=validate.OneOf(TABS))
    status = fields.String(load_default="", validate=validate.OneOf(("", *STATUSES)))
    queue_id = fields.UUID(load_default=None)
    user_id = fields.UUID(load_default=None)
    instance_id = fields.UUID(load_default=None)
    contact_id = fields.UUID(load_default=None)
    tag_id = fields.UUID(load_default=None)
    priority = fields.String(load_default="", validate=validate.OneOf(("", *PRIORITIES)))
    unread = fields.Boolean(load_default=False)
    mentioned = fields.Boolean(load_default=False)
    since = UtcDateTime(load_default=None, data_key="from")
    until = UtcDateTime(load_default=None, data_key="to")
    q = fields.String(load_default="", validate=validate.Length(max=200))
    search = fields.String(load_default="", validate=validate.Length(max=200), metadata={"description": "Same as `q`."})


def filter_of(query: dict[str, Any]) -> TicketFilter:
    return TicketFilter(**{**{name: query[name] for name in FILTERS}, "q": query["q"] or query["search"]})


class TakeoverSchema(Schema):
    force = fields.Boolean(load_default=False, metadata={"description": "Take it from a colleague (managers)."})


class TransferSchema(Schema):
    queue_id = fields.UUID(load_default=None, allow_none=True)
    user_id = fields.UUID(load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class CloseSchema(Schema):
    ask_rating = fields.Boolean(
        load_default=None, allow_none=True, metadata={"description": "Unset: as the company's settings say."}
    )


class NoteSchema(Schema):
    body = fields.String(required=True, validate=validate.Length(1, 10_000))
    mentions = fields.List(fields.UUID(), load_default=list)


class NoteOutSchema(Schema):
    id = fields.UUID(required=True)
    ticket_id = fields.UUID(required=True)
    user_id = fields.UUID(allow_none=True)
    body = fields.String(required=True)
    created_at = UtcDateTime(required=True)


class TicketPatchSchema(Schema):
    queue_id = fields.UUID()
    user_id = fields.UUID()
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    tag_ids = fields.List(fields.UUID(), metadata={"description": "Exactly these."})


class TicketStatsSchema(Schema):
    """Capped at 10,000 each; what the caller may see."""

    mine = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    all = fields.Integer(required=True)
    unread = fields.Integer(required=True)
    mentions = fields.Integer(required=True)
    pending = fields.Integer(required=True)
    open = fields.Integer(required=True)
    closed = fields.Integer(required=True)


class QueuePatchSchema(Schema):
    """`hours`: {start, end, days (1 = Monday)}; empty is always open."""

    name = fields.String()
    description = fields.String()
    color = fields.String()
    greeting = fields.String()
    away_message = fields.String()
    hours = fields.Dict()
    distribution = fields.String(validate=validate.OneOf(DISTRIBUTIONS))
    priority = fields.Integer(validate=validate.Range(min=-1000, max=1000))
    is_active = fields.Boolean()
    member_ids = fields.List(fields.UUID())


class QueueSchema(QueuePatchSchema):
    id = fields.UUID(dump_only=True)
    name = fields.String(required=True)
    created_at = UtcDateTime(dump_only=True)


_CONTENT = "Up to 4,096 characters, with {nome} and the like; may be empty where a file stands for the words"
_REPLY_FILE = "A file of POST /media that goes with it; null for none"


class QuickReplySchema(Schema):
    """`is_own`: only the one who made it sees it; an attendant may make only such."""

    id = fields.UUID(dump_only=True)
    shortcut = fields.String(required=True)
    content = fields.String(required=True, metadata={"description": _CONTENT})
    category = fields.String(validate=validate.Length(max=60), metadata={"description": "Groups those that are alike"})
    media_id = fields.UUID(allow_none=True, metadata={"description": _REPLY_FILE})
    is_own = fields.Boolean()
    created_at = UtcDateTime(dump_only=True)


class QuickReplyPatchSchema(Schema):
    shortcut = fields.String()
    content = fields.String(metadata={"description": _CONTENT})
    category = fields.String(validate=validate.Length(max=60))
    media_id = fields.UUID(allow_none=True, metadata={"description": _REPLY_FILE})


class OnlineUserSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    status = fields.String(required=True, metadata={"description": "online or away"})
    open_tickets = fields.Integer(required=True)
    max_tickets = fields.Integer(allow_none=True)


class OnlineSchema(Schema):
    data = fields.List(fields.Nested(OnlineUserSchema), required=True)
    total = fields.Integer(required=True)
