"""Answers that speak: an attendant types, hears it, and sends that very audio."""

import uuid
from collections.abc import Sequence

from flask_babel import gettext as _

from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.permissions import require
from app.inbox.queries import get_ticket
from app.inbox.service.answering import reply
from app.inbox.service.notes import save_draft
from app.messages.models import Message
from app.voice.models import CachedAudio, VoiceConfig
from app.voice.queries.audios import get_audio
from app.voice.queries.configs import dictionary, list_configs, speaker_of
from app.voice.rules.recipes import Recipe, Speaker
from app.voice.service import ask, cache, ensure_first, recipe_of


def speak_draft(ticket_id: uuid.UUID, text: str, config_id: uuid.UUID | None = None) -> CachedAudio:
    """The audio of what was typed, by that voice or the company's default one; a job makes it. Raises Invalid."""
    require("messages.send")
    get_ticket(ticket_id)
    if not text.strip():
        raise Invalid.field("body", _("Escreva o texto e ouça antes de enviar."))
    return ask(text, recipe=_recipe(text, speaker_of(_voice(config_id))))


def voices_to_choose() -> Sequence[VoiceConfig]:
    """The default first."""
    require("messages.send")
    ensure_first()
    return list_configs(only_active=True)


def _voice(config_id: uuid.UUID | None) -> VoiceConfig:
    """One that went meanwhile is the default."""
    known = voices_to_choose()
    if not known:
        raise Invalid.field("body", _("Não há voz disponível; crie uma em Configurações › Voz."))
    return next((one for one in known if one.id == config_id), known[0])


def _recipe(text: str, speaker: Speaker) -> Recipe:
    return recipe_of(speaker, text, dictionary(), in_parts=False)


def send_spoken(ticket_id: uuid.UUID, audio_id: uuid.UUID, text: str, *, client_key: str) -> Message:
    """Only what was heard leaves: an audio that is ready, of this very text. Raises Conflict otherwise."""
    require("messages.send")
    get_ticket(ticket_id)
    with transaction():
        audio = get_audio(audio_id)
        heard = Recipe.from_json(audio.recipe)
        if heard.parts != _recipe(text, heard.speaker).parts:
            raise Conflict(_("O áudio não é desta mensagem; ouça de novo."), code="other_text")
        if audio.state != "ready" or audio.id not in cache.touch({audio.id: 1}):
            raise Conflict(_("O áudio não está pronto; ouça antes de enviar."), code="preparing")
        message = reply(ticket_id, client_key=client_key, type="voice", body=text.strip(), media_id=audio.media_id)
        save_draft(ticket_id, "")
    return message
