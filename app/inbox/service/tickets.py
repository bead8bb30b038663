"""The verbs of a conversation: take, release, transfer, close, reopen. Each by conditional UPDATE: losing is normal."""

import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.contacts.queries.people import get_contact
from app.core import clock, ids
from app.core.context import Actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.permissions import can, require
from app.inbox import metrics
from app.inbox.models import Queue, Ticket
from app.inbox.queries import find_contested, get_ticket
from app.inbox.service import routing, saying
from app.inbox.service.assigning import assign_to_actor, may_attend
from app.inbox.service.recording import change_or_refuse, record, taken_words
from app.instances.queries import get_instance
from app.messages.models import Message

LONGEST_NOTE = 2000
_START = text("""
    INSERT INTO tickets (id, tenant_id, contact_id, instance_id, user_id, status)
    VALUES (:id, :tenant, :contact, :instance, :user, 'open')
    ON CONFLICT (tenant_id, contact_id, instance_id) WHERE status <> 'closed' DO NOTHING RETURNING id
""")
_OPEN_ONE = text("""
    SELECT id FROM tickets WHERE tenant_id = :tenant AND contact_id = :contact AND instance_id = :instance
        AND status <> 'closed'
""")
_STARTED = text("""
    SELECT coalesce(max(created_at), :created) FROM ticket_events WHERE ticket_id = :id AND kind = 'reopened'
""")


def take(ticket_id: uuid.UUID, *, force: bool = False) -> Ticket:
    """The actor answers from now on, and the bot stops. Of two at once one wins; the other gets Conflict naming who.

    `force` takes it from a colleague: for those who see every conversation.
    """
    actor = _person()
    with transaction():
        ticket = _takeable(ticket_id)
        if ticket.status == "closed":
            raise Conflict(_("Esta conversa já foi encerrada"), code="closed")
        if ticket.status == "open" and ticket.user_id == actor.user_id and ticket.mode == "human":
            return ticket
        if ticket.user_id not in (None, actor.user_id) and not (force and can(actor, "inbox.all")):
            raise Conflict(taken_words(ticket_id), code="taken")
        assign_to_actor(ticket)
        saying.announce(ticket)
    return ticket


def start(contact_id: uuid.UUID, instance_id: uuid.UUID) -> Ticket:
    """Our side begins: the actor's own new conversation, or the one that is open already. Raises NotFound, Conflict."""
    actor = _person()
    with transaction() as session:
        contact, instance = get_contact(contact_id), get_instance(instance_id)
        values = {"id": ids.new_id(), "tenant": actor.tenant_id, "contact": contact.id, "instance": instance.id}
        made = session.scalar(_START, {**values, "user": actor.user_id})
        if made is None:
            return _takeable(session.scalar(_OPEN_ONE, values))
        ticket = get_ticket(made)
        record(ticket, "started", {"status": "pending", "user_id": None, "queue_id": None})
        metrics.add(None, None, opened=1)
    return ticket


def release(ticket_id: uuid.UUID) -> Ticket:
    """Back to those who wait, for anybody of its queue."""
    require("inbox.use")
    with transaction():
        ticket = _movable(ticket_id)
        if ticket.status == "pending" and ticket.user_id is None:
            return ticket
        was = change_or_refuse(ticket, status="pending", user_id=None)
        record(ticket, "released", was)
    return ticket


def transfer(
    ticket_id: uuid.UUID, *, queue_id: uuid.UUID | None = None, user_id: uuid.UUID | None = None, note: str = ""
) -> Ticket:
    """To a queue (where it waits, or is distributed) or to a person. Raises Invalid when neither is named."""
    require("inbox.use")
    with transaction():
        ticket = _movable(ticket_id)
        values = _destination(ticket, queue_id, user_id)
        was = change_or_refuse(ticket, **values)
        details = {"queue_id": queue_id, "user_id": user_id, "note": note.strip()[:LONGEST_NOTE] or None}
        record(ticket, "transferred", was, details=details | {"from_user_id": was["user_id"]})
        if user_id is None:
            routing.distribute(ticket)
    return ticket


def close(ticket_id: uuid.UUID, *, ask_rating: bool | None = None, last_seen: uuid.UUID | None = None) -> Ticket:
    """`ask_rating` unset: as the company's settings say. Raises Conflict when it is closed already, or when the
    customer wrote after the message `last_seen` that the page showed."""
    require("inbox.use")
    with transaction() as session:
        session.get(Ticket, ticket_id, with_for_update=True, populate_existing=True)  # no word slips in meanwhile
        ticket = _movable(ticket_id)
        _check_seen(ticket, last_seen)
        finish(ticket, "closed", ask_rating=ask_rating)
    return ticket


def finish(ticket: Ticket, kind: str, *, ask_rating: bool | None = None) -> None:
    """Close an open conversation, whoever decided so (`kind`: closed, auto_closed)."""
    now = clock.now()
    with transaction() as session:
        asked = saying.ask_rating(ticket, ask_rating)
        was = change_or_refuse(
            ticket, status="closed", closed_at=now, unread_count=0, needs_rating_until=asked, auto_close_warned_at=None
        )
        started = session.scalar(_STARTED, {"id": ticket.id, "created": ticket.created_at})
        record(ticket, kind, was)
        seconds = max(0, int((now - started).total_seconds()))
        metrics.add(ticket.queue_id, ticket.user_id, closed=1, resolutions=1, resolution_s=seconds)


def reopen(ticket_id: uuid.UUID) -> Ticket:
    """The actor goes on with a closed conversation. Raises Conflict when the person has another one open."""
    actor = _person()
    with transaction():
        ticket = get_ticket(ticket_id)
        if ticket.status != "closed":
            raise Conflict(_("Esta conversa não está encerrada"))
        revive(ticket, actor.user_id)
    return ticket


def revive(ticket: Ticket, user_id: uuid.UUID | None) -> None:
    """Open again: with its person, or waiting when there is none."""
    values = {"closed_at": None, "needs_rating_until": None, "user_id": user_id}
    try:
        with transaction() as session, session.begin_nested():
            was = change_or_refuse(ticket, status="open" if user_id else "pending", **values)
    except IntegrityError as error:
        raise Conflict(_("Este contato já tem outra conversa aberta neste número"), code="another_open") from error
    record(ticket, "reopened", was)
    metrics.add(ticket.queue_id, ticket.user_id, opened=1)


def _person() -> Actor:
    actor = require("inbox.use")
    if actor.user_id is None:
        raise Invalid(_("Só uma pessoa pode atender uma conversa"))
    return actor


def _takeable(ticket_id: uuid.UUID) -> Ticket:
    """Raises NotFound, or Conflict for one that was up for taking and went to somebody else."""
    try:
        return get_ticket(ticket_id)
    except NotFound:
        if find_contested(ticket_id) is None:
            raise
        raise Conflict(taken_words(ticket_id), code="taken") from None


def _movable(ticket_id: uuid.UUID) -> Ticket:
    ticket = get_ticket(ticket_id)
    if ticket.status == "closed":
        raise Conflict(_("Esta conversa já foi encerrada"), code="closed")
    return ticket


def _check_seen(ticket: Ticket, last_seen: uuid.UUID | None) -> None:
    with transaction() as session:
        seen = session.get(Message, last_seen) if last_seen else None
    is_newer = seen is not None and ticket.last_inbound_at is not None and ticket.last_inbound_at > seen.thread_at
    if is_newer and ticket.unread_count:
        raise Conflict(_("O cliente acabou de escrever; leia antes de encerrar"), code="new_message")


def _destination(ticket: Ticket, queue_id: uuid.UUID | None, user_id: uuid.UUID | None) -> dict[str, Any]:
    if queue_id is None and user_id is None:
        raise Invalid.field("user_id", _("Escolha uma fila ou uma pessoa"))
    with transaction() as session:
        queue = session.get(Queue, queue_id) if queue_id else None
        user = session.get(User, user_id) if user_id else None
    if queue_id and (queue is None or queue.tenant_id != ticket.tenant_id or not queue.is_active):
        raise Invalid.field("queue_id", _("Esta fila não existe mais"))
    if user_id and (user is None or user.tenant_id != ticket.tenant_id or not may_attend(user)):
        raise Invalid.field("user_id", _("Esta pessoa não atende conversas"))
    values: dict[str, Any] = {"status": "open" if user_id else "pending", "user_id": user_id, "mode": "human"}
    return values | ({"queue_id": queue_id} if queue_id else {})
