"""JSON door of sending: accept a message, follow it, send it again."""

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.messages import queries as messages
from app.messages.models import Message
from app.messages.schemas import MessageDetailSchema, message_detail
from app.outbox import queries, service
from app.outbox.schemas import MessageRetrySchema, QueuedMessageSchema, SendMessageSchema

blp = Blueprint("outbox", __name__, url_prefix="/messages", description="Sending messages")
_TAGS = {"tags": ["messages"]}


@blp.post("")
@blp.doc(**_TAGS)
@blp.arguments(SendMessageSchema)
@blp.response(202, QueuedMessageSchema)
def send(data: dict[str, Any]) -> Message:
    """Send a message

    Answers as soon as the message is safely queued; follow it by its id or by webhooks.
    """
    return service.queue_from_api(**data)


@blp.get("/<uuid:message_id>")
@blp.doc(**_TAGS)
@blp.response(200, MessageDetailSchema)
def show(message_id: UUID) -> dict[str, Any]:
    """Read a message, its history, and why it hasn't gone"""
    message = messages.get_message(message_id)
    return message_detail(message, messages.list_events(message_id), queries.explain(message))


@blp.post("/<uuid:message_id>/retry")
@blp.doc(**_TAGS)
@blp.arguments(MessageRetrySchema)
@blp.response(202, QueuedMessageSchema)
def retry(data: dict[str, Any], message_id: UUID) -> Message:
    """Send a failed message again

    With `confirm` also one that may have left already: nobody can prove that it didn't.
    """
    return service.send_again(message_id, confirm=data["confirm"])


@blp.post("/<uuid:message_id>/cancel")
@blp.doc(**_TAGS)
@blp.response(202, QueuedMessageSchema)
def cancel(message_id: UUID) -> Message:
    """Cancel a message that hasn't started"""
    messages.get_message(message_id)
    service.cancel_message(message_id)
    return messages.get_message(message_id)
