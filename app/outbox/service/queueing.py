"""Putting a message into the ledger and the outbox, in one transaction."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.contacts.models import Contact, ContactIdentity
from app.contacts.service.addresses import ensure_phone
from app.core import clock
from app.core.background import enqueue, nudge
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.facts import emit
from app.core.permissions import require
from app.instances.models import Instance
from app.media.service import check_uploaded
from app.messages.models import Message
from app.outbox.models import Lane, OutboxRow

MAX_TEXT = 4096


def queue_message(
    instance_id: uuid.UUID,
    *,
    contact_id: uuid.UUID | None = None,
    recipient: str | None = None,
    ticket_id: uuid.UUID | None = None,
    type: str = "text",
    body: str = "",
    media_id: uuid.UUID | None = None,
    media_url: str | None = None,
    lane: Lane = Lane.HIGH,
    sender_type: str = "user",
    reply_to: str | None = None,
    send_after: datetime | None = None,
    options: Mapping[str, Any] | None = None,
    audio_id: uuid.UUID | None = None,
) -> Message:
    """One message to one person, by contact or by phone (`recipient`).

    `audio_id`: a voice note that a job makes, waited for in the queue. `options`: `{delay}` in ms and `{typing}`.
    Raises Invalid (recipient, text, media), NotFound (instance, contact).
    """
    actor, body = require("messages.send"), body.replace("\0", "")  # PostgreSQL stores none
    _check_content(type, body, has_media=bool(media_id or media_url or audio_id))
    with transaction() as session:
        if media_id is not None:
            check_uploaded(media_id)  # the ledger has no foreign key that would refuse another company's file
        instance, contact = usable_instance(instance_id), find_recipient(contact_id, recipient)
        message = Message(
            instance_id=instance.id,
            contact_id=contact.id,
            ticket_id=ticket_id,
            direction="outbound",
            sender_type=sender_type,
            user_id=actor.user_id,
            type=type,
            body=body,
            media_id=media_id,
            media={"url": media_url} if media_url else None,
            reply_to=reply_to,
            recipient_key=recipient_key(contact),
            status="queued",
            details=_details(options, audio_id) | ({"token_id": str(actor.token_id)} if actor.token_id else {}),
        )
        session.add(message)
        session.flush()
        session.add(_outbox_row(message, lane, send_after or clock.now()))
        emit("message.queued", message_id=message.id, ticket_id=ticket_id, instance_id=instance.id)
        wake()
    return message


def _details(options: Mapping[str, Any] | None, audio_id: uuid.UUID | None) -> dict[str, Any]:
    found: dict[str, Any] = {"options": dict(options)} if options else {}
    return found | ({"audio_id": str(audio_id)} if audio_id else {})


def _outbox_row(message: Message, lane: Lane, send_after: datetime) -> OutboxRow:
    """One that waits for its audio is held, and a job makes it."""
    is_spoken = bool(message.details.get("audio_id"))
    if is_spoken:
        enqueue("outbox.speak", tenant_id=message.tenant_id, message_id=message.id)
    return OutboxRow(
        message_id=message.id,
        instance_id=message.instance_id,
        contact_id=message.contact_id,
        recipient_key=message.recipient_key,
        lane=int(lane),
        send_after=send_after,
        held="voice" if is_spoken else None,
    )


def _check_content(type: str, body: str, *, has_media: bool) -> None:
    if type == "text" and not body.strip():
        raise Invalid.field("message.content", _("Escreva a mensagem"))
    if len(body) > MAX_TEXT:
        raise Invalid.field("message.content", _("O texto passa de 4.096 caracteres"))
    if type != "text" and not has_media:
        raise Invalid.field("message.media_url", _("Escolha o arquivo a enviar"))


def wake() -> None:
    """After the commit, see that a sender is at work."""
    nudge("outbox.shift")


def usable_instance(instance_id: uuid.UUID) -> Instance:
    """Raises NotFound when it was deleted, Conflict when a person switched it off."""
    with transaction() as session:
        instance = session.get(Instance, instance_id)
    if instance is None or instance.deleted_at or instance.tenant_id != current_actor().tenant_id:
        raise NotFound(_("Número não encontrado"))
    if not instance.is_active:
        raise Conflict(_("Este número está desativado"))
    return instance


def find_recipient(contact_id: uuid.UUID | None, phone: str | None) -> Contact:
    """Who it goes to; a phone nobody has becomes a contact. Raises Invalid, NotFound, Conflict (blocked)."""
    if contact_id is None:
        if not phone:
            raise Invalid.field("recipient", _("Informe o destinatário"))
        contact_id = ensure_phone(phone)
    with transaction() as session:
        contact = session.get(Contact, contact_id)
        if contact is not None and contact.merged_into:
            contact = session.get(Contact, contact.merged_into)
    if contact is None:
        raise NotFound(_("Contato não encontrado"))
    if contact.is_blocked:
        raise Conflict(_("Este contato está bloqueado"))
    return contact


def recipient_key(contact: Contact) -> str:
    """The canonical key of the person's address: the main phone first, then other phones, lid or bsuid."""
    with transaction() as session:
        rows = session.query(ContactIdentity).filter_by(contact_id=contact.id).all()
    kinds = ("phone", "jid", "lid", "bsuid")
    ranked = sorted(rows, key=lambda row: (kinds.index(row.kind), f"+{row.display}" != contact.phone, row.created_at))
    if not ranked:
        raise Invalid.field("recipient", _("Este contato não tem telefone nem endereço no WhatsApp"))
    return ranked[0].value
