"""What other systems ask for, checked and handed to the queue."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from app.contacts.models import Contact
from app.core import clock
from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.outbound import check_url
from app.core.permissions import require
from app.media.service import check_uploaded
from app.messages import queries as messages
from app.messages.models import Message
from app.outbox.models import Lane
from app.outbox.service.queueing import find_recipient, queue_message
from app.outbox.service.repair import resend_unconfirmed, retry_message
from app.templates.queries import get_template
from app.templates.rules import empty_names, fill, lookup, parse, values_of

FURTHEST = timedelta(days=366)
TYPING_MS = 1500  # long enough to be seen
# `low` is not the campaigns' own lane, which has a campaign behind every row.
_LANES = {"high": Lane.HIGH, "normal": Lane.NORMAL, "low": Lane.LATER}


def queue_from_api(
    *,
    message: dict[str, Any],
    instance_id: uuid.UUID | None = None,
    recipient: str | None = None,
    contact_id: uuid.UUID | None = None,
    ticket_id: uuid.UUID | None = None,
    priority: str | None = None,
    scheduled_at: datetime | None = None,
) -> Message:
    """`message`: {type?, content, template_id?, variables, media_id?, media_url?, options}. Raises Invalid with the
    field's path, NotFound for what isn't the company's."""
    require("messages.send")
    _check_time(scheduled_at)
    if ticket_id is not None:
        conversation = messages.get_conversation(ticket_id)
        instance_id, contact_id, recipient = conversation.instance_id, conversation.contact_id, None
    if instance_id is None:
        raise Invalid.field("instance_id", _("Escolha o número que envia."))
    kind = _kind_of(message)
    with transaction():
        contact = find_recipient(contact_id, recipient)
        return queue_message(
            instance_id,
            contact_id=contact.id,
            ticket_id=ticket_id,
            type=kind,
            body=_text_of(message, contact),
            media_id=message["media_id"],
            media_url=message["media_url"],
            lane=_LANES[priority or ("high" if ticket_id else "normal")],
            sender_type="api",
            send_after=scheduled_at,
            options=_options(message["options"]),
        )


def _check_time(at: datetime | None) -> None:
    """A moment just gone is now: clocks differ."""
    if at is not None and not clock.now() - timedelta(minutes=5) < at < clock.now() + FURTHEST:
        raise Invalid.field("scheduled_at", _("Escolha um momento futuro, até um ano à frente."))


def _text_of(message: dict[str, Any], contact: Contact) -> str:
    """The template filled, or the text as it came. A hole in the template is the caller's to fill."""
    if message["template_id"] is None:
        return str(message["content"])
    if message["content"]:
        raise Invalid.field("message.content", _("Mande o texto ou o modelo, não os dois."))
    parts = parse(get_template(message["template_id"]).content)
    known = values_of(contact) | lookup(message["variables"])
    if holes := empty_names(parts, known):
        raise Invalid.field("message.variables", _("Faltam valores para: %(names)s", names=", ".join(holes)))
    return fill(parts, known)


def send_again(message_id: uuid.UUID, *, confirm: bool = False) -> Message:
    """A failed message, or with `confirm` one that may have left. Raises Conflict for any other."""
    require("messages.send")
    message = messages.get_message(message_id)
    may_have_left = message.status == "unconfirmed" or (message.status == "failed" and message.external_id)
    if may_have_left and not confirm:
        raise Conflict(
            _("Esta mensagem pode já ter saído. Para enviar assim mesmo, e talvez repetir, confirme."),
            code="confirm_needed",
        )
    with transaction():
        if message.status == "unconfirmed":
            resend_unconfirmed([message_id])
        else:
            retry_message(message_id)
    return messages.get_message(message_id)


def _kind_of(message: dict[str, Any]) -> str:
    """What was asked for, else what the file is; checks the file and the address."""
    wanted = message["type"]
    if message["media_url"]:
        check_url(message["media_url"], "message.media_url")
    if message["media_id"]:
        media = check_uploaded(message["media_id"])
        return wanted if wanted and wanted != "text" else media.kind
    if message["media_url"] and wanted in (None, "text"):
        raise Invalid.field("message.type", _("Diga o tipo do arquivo: image, video, audio, voice ou document."))
    return wanted or "text"


def _options(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("typing") and not given.get("delay"):
        return {**given, "delay": TYPING_MS}
    return given
