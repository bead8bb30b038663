"""Messages as JSON."""

from collections.abc import Sequence
from typing import Any

from marshmallow import fields, validate

from app.core.paging import Page
from app.core.schema import PageQuery, Schema, UtcDateTime
from app.media.models import Media
from app.media.schemas import API_URL
from app.messages import queries
from app.messages.models import Message, MessageEvent

STATUSES = ("queued", "sending", "unconfirmed", "sent", "delivered", "read", "played", "failed", "cancelled", "held",
            "received")  # fmt: skip
_TIMES = ("created_at", "sent_at", "delivered_at", "read_at", "played_at", "failed_at", "replied_at", "edited_at",
          "deleted_at")  # fmt: skip
_PLAIN = ("id", "instance_id", "contact_id", "ticket_id", "campaign_id", "direction", "sender_type", "user_id", "type",
          "status", "external_id", "reply_to", "is_private", "error_code", "error_message", "attempts")  # fmt: skip


class MessageMediaSchema(Schema):
    """`id` is null for a file that is only known by its address."""

    id = fields.UUID(allow_none=True, required=True)
    url = fields.String(allow_none=True, required=True)
    mime_type = fields.String(allow_none=True)
    file_name = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)


class MessageSchema(Schema):
    """`status` moves only forward: queued, sending, unconfirmed, sent, failed, delivered, read, played; besides them
    cancelled, held, and received for what came in."""

    id = fields.UUID(required=True)
    instance_id = fields.UUID(required=True)
    contact_id = fields.UUID(allow_none=True, required=True)
    ticket_id = fields.UUID(allow_none=True, required=True)
    campaign_id = fields.UUID(allow_none=True, required=True)
    direction = fields.String(required=True)
    sender_type = fields.String(required=True)
    user_id = fields.UUID(allow_none=True)
    token_id = fields.UUID(allow_none=True, metadata={"description": "The API token that it was sent with."})
    type = fields.String(required=True)
    text = fields.String(required=True)
    media = fields.Nested(MessageMediaSchema, allow_none=True)
    status = fields.String(required=True)
    external_id = fields.String(allow_none=True, required=True)
    reply_to = fields.String(allow_none=True)
    is_private = fields.Boolean()
    error_code = fields.String(allow_none=True)
    error_message = fields.String(allow_none=True)
    attempts = fields.Integer()
    created_at = UtcDateTime(required=True)
    sent_at = UtcDateTime(allow_none=True)
    delivered_at = UtcDateTime(allow_none=True)
    read_at = UtcDateTime(allow_none=True)
    played_at = UtcDateTime(allow_none=True)
    failed_at = UtcDateTime(allow_none=True)
    replied_at = UtcDateTime(allow_none=True)
    edited_at = UtcDateTime(allow_none=True)
    deleted_at = UtcDateTime(allow_none=True)


class MessageEventSchema(Schema):
    status = fields.String(required=True)
    at = UtcDateTime(required=True)
    attempt = fields.Integer(allow_none=True)
    code = fields.String(allow_none=True)


class ExplanationSchema(Schema):
    """Why the message hasn't gone, in words: `code` for programs, `text` and `advice` for people."""

    code = fields.String(required=True)
    text = fields.String(required=True)
    advice = fields.String(required=True)


class MessageDetailSchema(MessageSchema):
    history = fields.List(fields.Nested(MessageEventSchema), required=True)
    explanation = fields.Nested(ExplanationSchema, allow_none=True, required=True)


class MessageQuery(PageQuery):
    """`from` and `to` (both included) are about when the message was recorded."""

    ticket_id = fields.UUID(load_default=None)
    contact_id = fields.UUID(load_default=None)
    instance_id = fields.UUID(load_default=None)
    campaign_id = fields.UUID(load_default=None)
    direction = fields.String(load_default=None, validate=validate.OneOf(("inbound", "outbound")))
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    since = UtcDateTime(load_default=None, data_key="from")
    until = UtcDateTime(load_default=None, data_key="to")


def message_rows(page: Page[Message]) -> Page[dict[str, Any]]:
    files = queries.media_of(page.items)
    rows = [message_row(message, files.get(message.media_id) if message.media_id else None) for message in page.items]
    return Page(rows, page.total, page.page, page.limit, page.next_cursor)


def message_row(message: Message, media: Media | None) -> dict[str, Any]:
    plain = {name: getattr(message, name) for name in (*_PLAIN, *_TIMES)}
    plain["token_id"] = message.details.get("token_id")
    return {**plain, "text": message.body, "media": _media_row(message, media)}


def message_detail(message: Message, events: Sequence[MessageEvent], explanation: object) -> dict[str, Any]:
    row = message_row(message, queries.media_of([message]).get(message.media_id))  # type: ignore[arg-type]
    return {**row, "history": events, "explanation": explanation}


def _media_row(message: Message, media: Media | None) -> dict[str, Any] | None:
    known = message.media or {}
    if media is not None:
        kept = {"mime_type": media.mime_type, "file_name": media.file_name, "size": media.size}
        return {"id": media.id, "url": API_URL.format(media.id), **kept}
    return {"id": None, "url": None, **known} if known else None
