"""Private notes and drafts: written for colleagues, never for the customer."""

import uuid
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts.models import User
from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.core.errors import Invalid
from app.core.facts import emit
from app.core.permissions import ROLES, require
from app.core.text import fold
from app.inbox.models import Mention, QueueMember, Ticket, TicketDraft
from app.inbox.queries import get_ticket
from app.inbox.rules import searchable
from app.inbox.service.answering import bind_key, claim_key
from app.messages.models import Message

LONGEST = 10_000


def add_note(
    ticket_id: uuid.UUID, body: str, mentions: Sequence[uuid.UUID] = (), *, client_key: str | None = None
) -> Message:
    """`mentions` are people who may see the conversation; others are refused with Invalid."""
    actor = require("inbox.use")
    words = body.strip()
    if not words or len(words) > LONGEST:
        raise Invalid.field("body", _("Escreva a nota, com até 10.000 caracteres"))
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        known = claim_key(actor, client_key) if client_key else None
        if known is not None:
            return known
        called = _called(ticket, mentions)
        note = _note(ticket, words)
        session.add(note)
        session.flush()
        session.add_all(Mention(user_id=user_id, message_id=note.id, ticket_id=ticket.id) for user_id in called)
        if client_key:
            bind_key(actor, client_key, note.id)
        audit("ticket.note", "ticket", ticket.id)
        emit("note.added", message_id=note.id, ticket_id=ticket.id, mentions=called)
    return note


def _note(ticket: Ticket, words: str) -> Message:
    now = clock.now()
    return Message(
        instance_id=ticket.instance_id,
        contact_id=ticket.contact_id,
        ticket_id=ticket.id,
        direction="outbound",
        sender_type="user",
        user_id=current_actor().user_id,
        type="text",
        body=words,
        search=searchable(words),
        status="sent",
        is_private=True,
        thread_at=now,
        sent_at=now,
    )


def mentionable(ticket: Ticket) -> list[User]:
    """Who may see this conversation, by name."""
    session = read_session()  # a page asks: a commit would expire what it has read
    people = session.scalars(select(User).where(User.tenant_id == ticket.tenant_id, User.is_active)).all()
    members = set(session.scalars(select(QueueMember.user_id).where(QueueMember.queue_id == ticket.queue_id)))
    waits = ticket.status == "pending" and ticket.user_id is None
    return sorted(
        (one for one in people if _sees(one, ticket, waits and (ticket.queue_id is None or one.id in members))),
        key=lambda one: fold(one.name),
    )


def _sees(user: User, ticket: Ticket, is_waiting_for_them: bool) -> bool:
    held = ROLES.get(user.role, frozenset()) | set(user.permissions)
    return "inbox.all" in held or ("inbox.use" in held and (user.id == ticket.user_id or is_waiting_for_them))


def _called(ticket: Ticket, mentions: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    wanted = list(dict.fromkeys(mentions))
    allowed = {user.id for user in mentionable(ticket)} if wanted else set()
    if set(wanted) - allowed:
        raise Invalid.field("mentions", _("Só quem pode ver esta conversa pode ser mencionado"))
    return wanted


def save_draft(ticket_id: uuid.UUID, body: str, is_note: bool = False) -> None:
    """What the actor began to write here; empty forgets it."""
    actor = require("inbox.use")
    if actor.user_id is None:
        return
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        mine = {"ticket_id": ticket.id, "user_id": actor.user_id}
        if not body.strip():
            session.execute(delete(TicketDraft).filter_by(**mine))
            return
        values = {"body": body[:LONGEST], "is_note": is_note, "updated_at": clock.now()}
        statement = insert(TicketDraft).values(tenant_id=ticket.tenant_id, **mine, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["ticket_id", "user_id"], set_=values))


def find_draft(ticket_id: uuid.UUID) -> TicketDraft | None:
    actor = require("inbox.use")
    ticket = get_ticket(ticket_id)
    # No transaction of its own: its commit would expire what the page has read, and every row would be asked again.
    return read_session().get(TicketDraft, (ticket.id, actor.user_id), populate_existing=True)
