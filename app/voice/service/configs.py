"""The voices of a company: set up, changed, removed."""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text, update

from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.voice.models import VoiceConfig
from app.voice.queries import configs as queries
from app.voice.rules.recipes import Speaker
from app.voice.rules.words import FIELDS, problem
from app.voice.service import speaking

MAX_NAME = 80
FIELD_NAMES = (
    "name", "provider", "voice_id", "language_code", "speaking_rate", "pitch", "volume", "ssml_settings",
    "speaks_in_parts", "fallback_id", "is_default", "is_active",
)  # fmt: skip
# What comes with a new company: works with no account and no internet.
EMBEDDED = {"provider": "local", "voice_id": "pt-br", "language_code": "pt-BR"}
_FIRST = text("""
    INSERT INTO tts_configs (id, tenant_id, name, provider, voice_id, voice_class, is_default)
    SELECT gen_random_uuid(), :tenant, :name, 'local', 'pt-br', 'local', true
    WHERE NOT EXISTS (SELECT 1 FROM tts_configs WHERE tenant_id = :tenant) ON CONFLICT DO NOTHING
""")
_IN_USE = text("""
    SELECT c.name FROM campaigns c WHERE c.tts_config_id = :id
        AND c.status IN ('scheduled', 'sending', 'paused') LIMIT 1
""")


def on_tenant_created(**_facts: Any) -> None:
    """A company can speak from its first day."""
    ensure_first()


def ensure_first() -> None:
    with transaction() as session:
        session.execute(_FIRST, {"tenant": current_actor().tenant_id, "name": _("Voz embutida")})


def create_config(**given: Any) -> VoiceConfig:
    """Raises Invalid with every wrong field."""
    require("voice.manage")
    values = {**EMBEDDED, **_clean(given)}
    with transaction() as session:
        config = VoiceConfig(**values)
        _check(config)
        _only_default(config)
        session.add(config)
        session.flush()
        audit("voice.create", "tts_config", config.id, {"name": config.name, "provider": config.provider})
        emit("voice.config_changed", config_id=config.id)
    return config


def update_config(config_id: uuid.UUID, **given: Any) -> VoiceConfig:
    """Campaigns that were launched keep the voice they were launched with."""
    require("voice.manage")
    queries.get_config(config_id)
    values = _clean(given)
    with transaction() as session:
        config = session.get_one(VoiceConfig, config_id, with_for_update=True, populate_existing=True)
        before = {key: getattr(config, key) for key in values}
        with session.no_autoflush:
            for key, value in values.items():
                setattr(config, key, value)
            _check(config)
            _only_default(config)
        session.flush()
        changes = {key: [before[key], value] for key, value in values.items() if before[key] != value}
        audit("voice.update", "tts_config", config.id, {key: [str(a), str(b)] for key, (a, b) in changes.items()})
        emit("voice.config_changed", config_id=config.id)
    return config


def speaker_from(**settings: Any) -> Speaker:
    """Settings that nobody saved, to be heard. Raises Invalid."""
    values = {**EMBEDDED, **_clean(settings)}
    config = VoiceConfig(**values, voice_class=speaking.class_of(values["provider"], values["voice_id"]))
    speaker = _speaker(config)
    if errors := _setting_errors(speaker):
        raise Invalid(" ".join(one.message for one in errors), errors=errors)
    return speaker


def delete_config(config_id: uuid.UUID) -> None:
    """Raises Conflict while a campaign still speaks with it."""
    require("voice.manage")
    queries.get_config(config_id)
    with transaction() as session:
        config = session.get_one(VoiceConfig, config_id, with_for_update=True, populate_existing=True)
        if used_by := session.scalar(_IN_USE, {"id": config_id}):
            raise Conflict(_("A campanha “%(name)s” ainda usa esta voz.", name=used_by))
        config.deleted_at, config.is_default = clock.now(), False
        session.execute(update(VoiceConfig).where(VoiceConfig.fallback_id == config_id).values(fallback_id=None))
        audit("voice.delete", "tts_config", config.id, {"name": config.name})
        emit("voice.config_changed", config_id=config.id)


def _clean(given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - set(FIELD_NAMES)
    if unknown:
        raise TypeError(f"not fields of a voice: {sorted(unknown)}")
    values = dict(given)
    for key in ("name", "voice_id", "language_code"):
        if key in values:
            values[key] = " ".join((values[key] or "").replace("\0", "").split())
    if "ssml_settings" in values:
        values["ssml_settings"] = {
            key: one for key, one in (values["ssml_settings"] or {}).items() if one not in (None, "")
        }
    return values


def _check(config: VoiceConfig) -> None:
    errors = _name_errors(config.name)
    if config.provider not in queries.PROVIDERS:
        raise Invalid(errors=[*errors, FieldError("provider", _("Escolha um provedor."))])
    known = queries.find_voice(config.provider, config.language_code, config.voice_id)
    config.voice_class = known["voice_class"] if known else speaking.class_of(config.provider, config.voice_id)
    errors += _setting_errors(_speaker(config))
    if config.fallback_id and not _may_stand_in(config):
        errors.append(FieldError("fallback_id", _("Escolha outra voz, de outro provedor, para quando este falhar.")))
    if errors:
        raise Invalid(errors=errors)


def _setting_errors(speaker: Speaker) -> list[FieldError]:
    return [FieldError(_field(name), str(problem(code))) for name, code in speaking.problems(speaker)]


def _name_errors(name: str | None) -> list[FieldError]:
    if not name:
        return [FieldError("name", _("Dê um nome à voz."))]
    too_long = FieldError("name", _("No máximo %(n)s caracteres.", n=MAX_NAME))
    return [too_long] if len(name) > MAX_NAME else []


def _field(name: str) -> str:
    head, _dot, tail = name.partition(".")
    return f"{FIELDS.get(head, head)}.{tail}" if tail else FIELDS.get(head, head)


def _speaker(config: VoiceConfig) -> Speaker:
    return Speaker(
        config.provider, config.voice_id, config.voice_class, config.language_code,
        1.0 if config.speaking_rate is None else config.speaking_rate, config.pitch or 0.0, config.volume or 0.0,
        config.ssml_settings or {},
    )  # fmt: skip


def _may_stand_in(config: VoiceConfig) -> bool:
    """Another provider's voice: the same one would be away too."""
    other = queries.find_config(config.fallback_id)
    return other is not None and other.id != config.id and other.provider != config.provider


def _only_default(config: VoiceConfig) -> None:
    if config.is_default:
        with transaction() as session:
            rows = update(VoiceConfig).where(VoiceConfig.tenant_id == current_actor().tenant_id, VoiceConfig.is_default)
            session.execute(
                rows.where(VoiceConfig.id != config.id).values(is_default=False),
                execution_options={"synchronize_session": "fetch"},
            )
