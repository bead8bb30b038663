"""Voices that the company set up, its accounts, lists and dictionary."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import Forbidden, NotFound
from app.core.permissions import can, require
from app.voice.models import Pronunciation, VoiceAccount, VoiceConfig, VoiceList
from app.voice.rules.recipes import Speaker

PROVIDERS = ("local", "google", "amazon", "azure")
_READERS = ("voice.manage", "campaigns.read", "inbox.use")


def _may_read() -> None:
    actor = current_actor()
    if not any(can(actor, permission) for permission in _READERS):
        raise Forbidden


def _live() -> Select[tuple[VoiceConfig]]:
    return select(VoiceConfig).where(
        VoiceConfig.tenant_id == current_actor().tenant_id, VoiceConfig.deleted_at.is_(None)
    )


def get_config(config_id: uuid.UUID) -> VoiceConfig:
    _may_read()
    found = find_config(config_id)
    if found is None:
        raise NotFound(_("Voz não encontrada"))
    return found


def find_config(config_id: uuid.UUID | None) -> VoiceConfig | None:
    if config_id is None:
        return None
    query = _live().where(VoiceConfig.id == config_id)
    return read_session().scalar(query.execution_options(populate_existing=True))


def list_configs(*, only_active: bool = False) -> Sequence[VoiceConfig]:
    """The default first, then by name."""
    _may_read()
    query = _live().where(VoiceConfig.is_active) if only_active else _live()
    ordered = query.order_by(VoiceConfig.is_default.desc(), func.lower(VoiceConfig.name), VoiceConfig.id)
    return read_session().scalars(ordered.execution_options(populate_existing=True)).all()


def default_config() -> VoiceConfig | None:
    found = list_configs(only_active=True)
    return found[0] if found else None


def speaker_of(config: VoiceConfig, *, with_stand_in: bool = True) -> Speaker:
    stand_in = find_config(config.fallback_id) if with_stand_in else None
    return Speaker(
        provider=config.provider,
        voice_id=config.voice_id,
        voice_class=config.voice_class,
        language=config.language_code,
        rate=config.speaking_rate,
        pitch=config.pitch,
        volume=config.volume,
        ssml=config.ssml_settings,
        in_parts=config.speaks_in_parts,
        stand_in=speaker_of(stand_in, with_stand_in=False) if stand_in and stand_in.is_active else None,
    )


def accounts() -> dict[str, VoiceAccount]:
    """By provider; without their credentials nobody needs more than that there are some."""
    require("voice.manage")
    query = select(VoiceAccount).where(VoiceAccount.tenant_id == current_actor().tenant_id)
    return {one.provider: one for one in read_session().scalars(query.execution_options(populate_existing=True))}


def find_voices(provider: str, language: str) -> VoiceList | None:
    _may_read()
    query = select(VoiceList).where(
        VoiceList.tenant_id == current_actor().tenant_id, VoiceList.provider == provider, VoiceList.language == language
    )
    return read_session().scalar(query.execution_options(populate_existing=True))


def find_voice(provider: str, language: str, voice_id: str) -> dict[str, Any] | None:
    known = find_voices(provider, language)
    return next((one for one in known.voices if one["id"] == voice_id), None) if known else None


def pronunciations() -> Sequence[Pronunciation]:
    query = select(Pronunciation).where(Pronunciation.tenant_id == current_actor().tenant_id)
    return read_session().scalars(query.order_by(func.lower(Pronunciation.word))).all()


def dictionary() -> dict[str, str]:
    return {one.word: one.spoken for one in pronunciations()}
