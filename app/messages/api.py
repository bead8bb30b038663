"""JSON door of the ledger. What needs the send queue (send, retry, one message with its explanation) is `outbox`'s."""

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.paging import Page
from app.core.schema import page_of
from app.messages import queries, service
from app.messages.schemas import MessageQuery, MessageSchema, message_row, message_rows

blp = Blueprint("messages", __name__, url_prefix="/messages", description="The ledger of messages")


@blp.get("")
@blp.arguments(MessageQuery, location="query")
@blp.response(200, page_of(MessageSchema))
def index(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List messages

    Newest first. `total` stops at 100,000; `next_cursor` goes on at any depth.
    """
    return message_rows(queries.list_messages(**query))


@blp.get("/history")
@blp.arguments(MessageQuery, location="query")
@blp.response(200, page_of(MessageSchema))
def history(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List messages (another name of the same)"""
    return message_rows(queries.list_messages(**query))


@blp.post("/<uuid:message_id>/read")
@blp.response(200, MessageSchema)
def read(message_id: UUID) -> dict[str, Any]:
    """Mark a received message as read"""
    message = service.mark_read(message_id)
    return message_row(message, queries.media_of([message]).get(message.media_id))  # type: ignore[arg-type]
