"""Typed, heard, sent as a voice note."""

import uuid

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.core import ids
from app.inbox import service
from app.inbox.forms import find_uuid

NOBODYS = uuid.UUID(int=0)
blueprint = Blueprint("inbox_speaking", __name__, template_folder="../templates", url_prefix="/inbox")


@blueprint.post("/<uuid:ticket_id>/voice")
def listen(ticket_id: uuid.UUID) -> ResponseReturnValue:
    """The player of what stands in the composer, and the button that sends it."""
    text, chosen = request.form.get("body", ""), find_uuid(request.form.get("voice_config"))
    audio = service.speak_draft(ticket_id, text, chosen)
    voices = service.voices_to_choose()
    return render_template(
        "inbox/_spoken.html",
        audio=audio,
        ticket_id=ticket_id,
        text=text,
        key=ids.new_id(),
        voices=voices,
        chosen=chosen,
    )


@blueprint.post("/<uuid:ticket_id>/voice/send")
def send(ticket_id: uuid.UUID) -> ResponseReturnValue:
    form = request.form
    audio_id = find_uuid(form.get("audio_id")) or NOBODYS
    service.send_spoken(ticket_id, audio_id, form.get("spoken", ""), client_key=form.get("voice_key", ""))
    return "", 204
