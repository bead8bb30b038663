"""Messages written for later: changed or cancelled until their moment comes."""

import uuid
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import text

from app.core import clock
from app.core.audit import audit
from app.core.background import enqueue
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.facts import emit
from app.core.permissions import require
from app.inbox.queries import get_ticket
from app.inbox.rules import searchable
from app.inbox.service.answering import LATER, _check_time, touch
from app.messages.models import Message
from app.outbox.service import cancel_message, wake

_MOVE = text("""
    UPDATE outbox SET send_after = :at WHERE message_id = :id AND state = 'queued' AND started_at IS NULL
        AND send_after > :now RETURNING message_id
""")


def edit_scheduled(message_id: uuid.UUID, *, body: str | None = None, send_after: datetime | None = None) -> Message:
    """Raises Conflict once it is on its way."""
    require("messages.send")
    _check_time(send_after)
    with transaction() as session:
        message = _own(message_id)
        at = send_after or message.thread_at
        if session.scalar(_MOVE, {"id": message_id, "at": at, "now": clock.now()}) is None:
            raise Conflict(_("Esta mensagem já está saindo e não pode mais ser alterada"))
        if body is not None:
            if message.type == "text" and not body.strip():
                raise Invalid.field("body", _("Escreva a mensagem"))
            message.body, message.search = body, searchable(body)
        message.thread_at = at
        audit("message.reschedule", "message", message.id, {"send_after": at.isoformat()})
        emit("message.changed", message_id=message.id, ticket_id=message.ticket_id, change="scheduled")
        wait = (at - clock.now()).total_seconds()
        enqueue("inbox.show_scheduled", delay=wait + 1, tenant_id=message.tenant_id, message_id=message.id)
        wake()
    return message


def cancel_scheduled(message_id: uuid.UUID) -> None:
    """Raises Conflict once it left."""
    require("messages.send")
    with transaction():
        message = _own(message_id)
        cancel_message(message_id)
        message.thread_at = clock.now()
        emit("message.changed", message_id=message.id, ticket_id=message.ticket_id, change="cancelled")


def show_scheduled(message_id: uuid.UUID) -> None:
    """Its moment came: the conversation moves up the list. Twice changes nothing."""
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or message.ticket_id is None or not message.details.get("scheduled"):
            return
        if message.status == "cancelled" or message.thread_at > clock.now() + LATER:
            return
        message.details = {key: value for key, value in message.details.items() if key != "scheduled"}
        touch(message.ticket_id, message.id, message.thread_at, message.sender_type, message.user_id)
        emit("message.changed", message_id=message.id, ticket_id=message.ticket_id, change="due")


def _own(message_id: uuid.UUID) -> Message:
    """One that waits, in a conversation that the actor sees."""
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if message is None or message.ticket_id is None or not message.details.get("scheduled"):
        raise NotFound(_("Mensagem agendada não encontrada"))
    get_ticket(message.ticket_id)
    return message
