"""Answers that speak: an attendant types, hears it, and sends that very audio."""

import uuid

from flask_babel import gettext as _

from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.permissions import require
from app.inbox.queries import get_ticket
from app.inbox.service.answering import reply
from app.inbox.service.notes import save_draft
from app.messages.models import Message
from app.voice.models import CachedAudio
from app.voice.queries.audios import get_audio
from app.voice.queries.configs import default_config, dictionary, speaker_of
from app.voice.rules.recipes import Recipe
from app.voice.service import ask, cache, ensure_first, recipe_of


def speak_draft(ticket_id: uuid.UUID, text: str) -> CachedAudio:
    """The audio of what was typed, by the company's default voice; a job makes it. Raises Invalid."""
    require("messages.send")
    get_ticket(ticket_id)
    return ask(text, recipe=_recipe(text))


def _recipe(text: str) -> Recipe:
    if not text.strip():
        raise Invalid.field("body", _("Escreva o texto e ouça antes de enviar."))
    ensure_first()
    config = default_config()
    if config is None:
        raise Invalid.field("body", _("Não há voz disponível; crie uma em Configurações › Voz."))
    return recipe_of(speaker_of(config), text, dictionary(), in_parts=False)


def send_spoken(ticket_id: uuid.UUID, audio_id: uuid.UUID, text: str, *, client_key: str) -> Message:
    """Only what was heard leaves: an audio that is ready, of this very text. Raises Conflict otherwise."""
    require("messages.send")
    get_ticket(ticket_id)
    with transaction():
        audio = get_audio(audio_id)
        wanted = _recipe(text)
        if Recipe.from_json(audio.recipe).parts != wanted.parts:
            raise Conflict(_("O áudio não é desta mensagem; ouça de novo."), code="other_text")
        if audio.state != "ready" or audio.id not in cache.touch({audio.id: 1}):
            raise Conflict(_("O áudio não está pronto; ouça antes de enviar."), code="preparing")
        message = reply(ticket_id, client_key=client_key, type="voice", body=text.strip(), media_id=audio.media_id)
        save_draft(ticket_id, "")
    return message
