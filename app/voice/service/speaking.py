"""Asking the providers, with the company's own credentials. In workers only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID

from app.core import crypto
from app.core.context import current_actor
from app.core.db import release, transaction
from app.speech.port import Problem, Sound, SpeechError, SpeechProvider, VoiceSettings, outside
from app.speech.registry import provider
from app.voice.models import VoiceAccount
from app.voice.rules.classes import class_of as guessed
from app.voice.rules.recipes import Speaker
from app.voice.service.limits import limits
from app.voice.service.trouble import Trouble

MOST_CLIENTS = 50
_clients: OrderedDict[tuple[UUID, str, bytes], SpeechProvider] = OrderedDict()
_lock = threading.Lock()


def settings_of(one: Speaker) -> VoiceSettings:
    return VoiceSettings(
        voice_id=one.voice_id, language=one.language, rate=one.rate, pitch=one.pitch, volume=one.volume, ssml=one.ssml
    )


def synthesise(one: Speaker, words: str) -> Sound:
    """Raises Trouble; no database connection is held while the provider speaks."""
    speaker = client(one.provider)
    release()
    if len(words) > speaker.max_characters:
        raise Trouble("too_long", f"{len(words)} > {speaker.max_characters}")
    try:
        return speaker.synthesise(words, settings_of(one))
    except SpeechError as error:
        raise Trouble(error.code, error.detail, is_outage=error.outage) from error


def client(name: str) -> SpeechProvider:
    """The provider with this company's credentials; clients are kept, because making one costs a handshake."""
    sealed = _sealed(name)
    key = (current_actor().tenant_id, name, sealed or b"")
    with _lock:
        found = _clients.get(key)
    if found is None:
        found = _new(name, sealed)
        with _lock:
            _clients[key] = found
            while len(_clients) > MOST_CLIENTS:
                _clients.popitem(last=False)
    return found


def _sealed(name: str) -> bytes | None:
    with transaction() as session:
        account = session.get(VoiceAccount, (current_actor().tenant_id, name), populate_existing=True)
        return bytes(account.credentials) if account and account.credentials else None


def problems(one: Speaker) -> list[Problem]:
    """What this provider cannot do of these settings; nobody is asked. Without credentials only the common bounds."""
    settings = settings_of(one)
    try:
        return outside(settings) or client(one.provider).problems(settings)
    except Trouble:
        return outside(settings)


def class_of(name: str, voice_id: str) -> str:
    """The price class of a voice."""
    try:
        return client(name).voice_class(voice_id)
    except Trouble:
        return guessed(name, voice_id)


def _new(name: str, sealed: bytes | None) -> SpeechProvider:
    credentials: dict[str, str] = crypto.unseal(sealed) if sealed else limits().account_of(name)
    try:
        return provider(name, credentials, endpoint=limits().endpoint_of(name))
    except KeyError as error:
        raise Trouble("unsupported", name) from error
    except SpeechError as error:
        raise Trouble(error.code, error.detail, is_outage=error.outage) from error
