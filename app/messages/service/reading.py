"""What people do to messages that are already in the ledger."""

import uuid

from flask_babel import gettext as _

from app.core import clock
from app.core.audit import audit
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.facts import emit
from app.messages import queries
from app.messages.models import Message, MessageEvent


def mark_read(message_id: uuid.UUID) -> Message:
    """A received message was read by the company. Twice changes nothing. Raises Conflict for one we sent."""
    with transaction() as session:
        message = queries.get_message(message_id)
        if message.direction != "inbound":
            raise Conflict(_("Só mensagens recebidas podem ser marcadas como lidas"))
        if message.read_at is None:
            message.read_at = clock.now()
            session.add(MessageEvent(message_id=message.id, status="read", at=message.read_at))
            audit("message.read", "message", message.id)
            emit("message.changed", message_id=message.id, ticket_id=message.ticket_id, is_read=True)
    return message
