"""What most tests of voices start from: a company that acts, and a voice of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from app.core.context import Actor
from app.voice import service
from app.voice.models import VoiceConfig
from app.voice.queries.configs import speaker_of
from app.voice.rules.recipes import Recipe, Speaker


@pytest.fixture
def voice(as_admin: Actor) -> VoiceConfig:
    """The embedded one."""
    return service.create_config(name="Voz da loja", is_default=True)


@pytest.fixture
def speaker(voice: VoiceConfig) -> Speaker:
    return speaker_of(voice)


@pytest.fixture
def recipe(speaker: Speaker) -> Callable[..., Recipe]:
    return lambda *parts, **rest: Recipe(speaker, parts or ("Olá, Maria, tudo bem?",), **rest)


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> Any:
    return monkeypatch
