"""Answers: each leaves once however often it was asked for, counts for the figures, and takes the conversation over."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text

from app.accounts.models import User
from app.core import clock, ids
from app.core.background import enqueue
from app.core.context import Actor, current_actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.permissions import require
from app.inbox import metrics
from app.inbox.models import Ticket
from app.inbox.queries import get_ticket
from app.inbox.rules import searchable
from app.inbox.service.assigning import assign_to_actor
from app.media.queries import find_media
from app.messages.models import Message
from app.outbox.models import Lane
from app.outbox.service import queue_message

LATER = timedelta(seconds=5)
FURTHEST = timedelta(days=366)
LONGEST_KEY = 100
QUOTED = ("text", "image", "video", "audio", "voice", "document", "sticker", "location", "contact", "button", "poll")

_CLAIM_KEY = text("""
    INSERT INTO client_keys (tenant_id, user_id, key, message_id) VALUES (:tenant, :user, :key, :message)
    ON CONFLICT DO NOTHING RETURNING key
""")
_KEPT_KEY = text("SELECT message_id FROM client_keys WHERE tenant_id = :tenant AND user_id = :user AND key = :key")
_BIND_KEY = text("""
    UPDATE client_keys SET message_id = :message WHERE tenant_id = :tenant AND user_id = :user AND key = :key
""")
_JID = text("""
    SELECT value FROM contact_identities WHERE contact_id = :contact AND kind IN ('jid', 'lid') ORDER BY kind LIMIT 1
""")
_QUEUED = text("""
    UPDATE messages m SET search = :search FROM outbox o WHERE m.id = :id AND o.message_id = m.id RETURNING o.send_after
""")
_TOUCH = text("""
    WITH old AS (
        SELECT id, first_response_at, last_inbound_at, created_at FROM tickets WHERE id = cast(:ticket AS uuid)
        FOR UPDATE
    )
    UPDATE tickets t SET last_message_id = :message, last_message_at = greatest(coalesce(t.last_message_at, :at), :at),
        unread_count = CASE WHEN :answers THEN 0 ELSE t.unread_count END, updated_at = :now,
        auto_close_warned_at = CASE WHEN :answers THEN NULL ELSE t.auto_close_warned_at END,
        first_response_at = CASE WHEN :answers AND t.last_inbound_at IS NOT NULL
            THEN coalesce(t.first_response_at, :at) ELSE t.first_response_at END
    FROM old WHERE t.id = old.id
    RETURNING t.queue_id, old.created_at, t.first_response_at,
        old.first_response_at IS NULL AND t.first_response_at IS NOT NULL AS is_first
""")


def reply(
    ticket_id: uuid.UUID,
    *,
    client_key: str,
    type: str = "text",
    body: str = "",
    media_id: uuid.UUID | None = None,
    reply_to: uuid.UUID | None = None,
    send_after: datetime | None = None,
    sign: bool = False,
) -> Message:
    """Answer the customer. The same `client_key` again gives the same message; `reply_to` is the quoted one's id.

    Answering what waits takes it. Raises Conflict (closed, a colleague was faster), Invalid, NotFound.
    """
    actor = require("messages.send")
    _check_time(send_after)
    with transaction() as session:
        ticket = get_ticket(ticket_id)
        known = claim_key(actor, client_key)
        if known is not None:
            return known
        take_to_answer(ticket)
        _check_ready(media_id)
        quoted = _quoted(ticket, reply_to) if reply_to else None
        message = queue_message(
            ticket.instance_id,
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            type=type,
            body=_signed(actor, body) if sign else body,
            media_id=media_id,
            lane=Lane.HIGH,
            reply_to=quoted["external_id"] if quoted else None,
            send_after=send_after,
        )
        message.details = {**message.details, **({"quoted": quoted} if quoted else {})}
        bind_key(actor, client_key, message.id)
        if send_after is not None:
            _mark_scheduled(message, send_after)
        session.flush()
    return message


def take_to_answer(ticket: Ticket) -> None:
    if ticket.status == "closed":
        raise Conflict(_("Esta conversa já foi encerrada; reabra para responder"), code="closed")
    if ticket.status == "pending" or ticket.mode == "bot" or ticket.user_id is None:
        _assign_or_keep(ticket)


def _assign_or_keep(ticket: Ticket) -> None:
    """Who accepts and answers in one breath already has it by the second request: that is no conflict."""
    try:
        assign_to_actor(ticket)
    except Conflict:
        with transaction() as session:
            session.refresh(ticket)
        if ticket.status != "open" or ticket.user_id != current_actor().user_id:
            raise


def claim_key(actor: Actor, key: str) -> Message | None:
    """The message that this key already made; None when the key is ours now. Waits for whoever is using it."""
    if not key or len(key) > LONGEST_KEY:
        raise Invalid.field("client_key", _("Envie uma chave de até 100 caracteres"))
    values = {"tenant": actor.tenant_id, "user": actor.user_id or metrics.NOBODY, "key": key}
    with transaction() as session:
        if session.scalar(_CLAIM_KEY, {**values, "message": ids.new_id()}) is not None:
            return None
        return session.get(Message, session.scalar(_KEPT_KEY, values))


def bind_key(actor: Actor, key: str, message_id: uuid.UUID) -> None:
    values = {"tenant": actor.tenant_id, "user": actor.user_id or metrics.NOBODY, "key": key}
    with transaction() as session:
        session.execute(_BIND_KEY, {**values, "message": message_id})


def on_queued(message_id: str, ticket_id: str | None = None, **_more: Any) -> None:
    """Whatever leaves in a conversation (page, API, system) moves it up the list; a person's answer counts as one."""
    if ticket_id is None:
        return
    with transaction() as session:
        message = session.get(Message, uuid.UUID(message_id))
        send_after = session.scalar(_QUEUED, {"id": message.id, "search": searchable(message.body)})
        is_later = send_after is not None and send_after > clock.now() + LATER
        if is_later and message.sender_type == "api":
            _mark_scheduled(message, send_after)
    if not is_later:
        touch(uuid.UUID(ticket_id), message.id, message.thread_at, message.sender_type, message.user_id)


def touch(
    ticket_id: uuid.UUID, message_id: uuid.UUID, at: datetime, sender_type: str, user_id: uuid.UUID | None
) -> None:
    """Something was said by our side: `user` and `phone` are people, and the first of them is the first answer."""
    answers = sender_type in ("user", "phone")
    values = {"ticket": ticket_id, "message": message_id, "at": at, "answers": answers, "now": clock.now()}
    with transaction() as session:
        row = session.execute(_TOUCH, values).one_or_none()
    if row is None:
        return
    counts = {"sent": 1}
    if row.is_first:
        counts |= {
            "first_responses": 1,
            "first_response_s": max(0, int((row.first_response_at - row.created_at).total_seconds())),
        }
    metrics.add(row.queue_id, user_id if answers else None, **counts)


def _check_ready(media_id: uuid.UUID | None) -> None:
    media = find_media(media_id)
    if media is not None and media.kind == "recording":
        raise Conflict(_("O áudio ainda está sendo preparado; espere um instante."), code="preparing")


def _signed(actor: Actor, body: str) -> str:
    with transaction() as session:
        user = session.get(User, actor.user_id)
    return f"*{user.name}:*\n{body}" if user is not None and body.strip() else body


def _quoted(ticket: Ticket, message_id: uuid.UUID) -> dict[str, Any]:
    """The message as the gateway's port wants it quoted."""
    with transaction() as session:
        quoted = session.get(Message, message_id)
        jid = session.scalar(_JID, {"contact": ticket.contact_id})
    if quoted is None or quoted.contact_id != ticket.contact_id or quoted.instance_id != ticket.instance_id:
        raise NotFound(_("A mensagem citada não existe mais"))
    if not quoted.external_id or quoted.is_private or quoted.type not in QUOTED:
        raise Invalid.field("reply_to", _("Esta mensagem não pode ser citada"))
    return {
        "external_id": quoted.external_id,
        "jid": quoted.details.get("jid") or jid or "",
        "from_me": quoted.direction == "outbound",
        "text": quoted.body[:500],
    }


def _check_time(send_after: datetime | None) -> None:
    if send_after is not None and not clock.now() < send_after < clock.now() + FURTHEST:
        raise Invalid.field("send_after", _("Escolha um momento no futuro, dentro de um ano"))


def _mark_scheduled(message: Message, send_after: datetime) -> None:
    message.thread_at = send_after
    message.details = {**message.details, "scheduled": True}
    wait = (send_after - clock.now()).total_seconds()
    enqueue("inbox.show_scheduled", delay=wait + 1, tenant_id=message.tenant_id, message_id=message.id)
