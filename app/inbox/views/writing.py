"""The composer's doors: answers, notes, drafts, what is written for later."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.inbox import queries, service
from app.inbox.forms import find_uuid, local_moment, uuids
from app.messages.models import Message
from app.ui.errors import is_fragment, referrer

blueprint = Blueprint("inbox_writing", __name__, url_prefix="/inbox")


@blueprint.post("/<uuid:ticket_id>/reply")
def reply(ticket_id: uuid.UUID) -> ResponseReturnValue:
    form = request.form
    message = service.reply(
        ticket_id,
        client_key=form.get("client_key", ""),
        type=form.get("type") or "text",
        body=form.get("body", ""),
        media_id=find_uuid(form.get("media_id")),
        reply_to=find_uuid(form.get("reply_to")),
        send_after=local_moment(form.get("send_after")),
        sign=form.get("sign") == "1",
    )
    return _written(ticket_id, message)


@blueprint.post("/<uuid:ticket_id>/notes")
def note(ticket_id: uuid.UUID) -> ResponseReturnValue:
    form = request.form
    key = form.get("client_key") or None
    message = service.add_note(ticket_id, form.get("body", ""), uuids(form.getlist("mentions")), client_key=key)
    return _written(ticket_id, message)


@blueprint.get("/<uuid:ticket_id>/quick-replies/<uuid:reply_id>")
def quick_reply(ticket_id: uuid.UUID, reply_id: uuid.UUID) -> ResponseReturnValue:
    """Its text with this conversation's names filled in."""
    text = service.fill_quick_reply(reply_id, ticket_id)
    return text, {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.post("/<uuid:ticket_id>/draft")
def draft(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.save_draft(ticket_id, request.form.get("body", ""), request.form.get("is_note") == "1")
    return "", 204


@blueprint.post("/<uuid:ticket_id>/scheduled/<uuid:message_id>")
def reschedule(ticket_id: uuid.UUID, message_id: uuid.UUID) -> ResponseReturnValue:
    body, moment = request.form.get("body"), local_moment(request.form.get("send_after"))
    service.edit_scheduled(message_id, body=body, send_after=moment)
    return _back(ticket_id)


@blueprint.post("/<uuid:ticket_id>/scheduled/<uuid:message_id>/cancel")
def cancel(ticket_id: uuid.UUID, message_id: uuid.UUID) -> ResponseReturnValue:
    service.cancel_scheduled(message_id)
    return _back(ticket_id)


def _written(ticket_id: uuid.UUID, message: Message) -> ResponseReturnValue:
    if not is_fragment():
        return redirect(url_for("inbox.show", ticket_id=ticket_id), 303)
    return render_template("inbox/_message.html", item=queries.thread_message(message.id)), 201


def _back(ticket_id: uuid.UUID) -> ResponseReturnValue:
    if is_fragment():
        return "", 204
    return redirect(referrer() or url_for("inbox.show", ticket_id=ticket_id), 303)
