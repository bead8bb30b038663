"""A message of a conversation that failed, or that nobody could confirm, goes again because a person says so."""

import uuid

from flask_babel import gettext as _

from app.core.db import transaction
from app.core.errors import NotFound
from app.core.permissions import require
from app.inbox.queries import get_ticket
from app.messages.models import Message
from app.outbox.service import repair


def send_again(ticket_id: uuid.UUID, message_id: uuid.UUID) -> None:
    """Raises Conflict when it changed meanwhile, NotFound for a message of another conversation."""
    require("messages.send")
    ticket = get_ticket(ticket_id)
    with transaction() as session:
        message = session.get(Message, message_id)
        if message is None or message.ticket_id != ticket.id:
            raise NotFound(_("Mensagem não encontrada"))
        is_unknown = message.status == "unconfirmed"
    if is_unknown:
        repair.resend_unconfirmed([message_id])
    else:
        repair.retry_message(message_id)
