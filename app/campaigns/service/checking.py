"""What is given for a draft, tidied and checked against what the company has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.campaigns.rules import drafts as rules
from app.contacts.models import ContactList, Group, Import, Tag
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import FieldError, Invalid
from app.core.outbound import check_url
from app.instances.models import Instance
from app.media.models import Media
from app.templates.models import Template
from app.voice.models import VoiceConfig

FIELDS = (
    "name", "description", "message", "variations", "media_id", "media_url", "template_id", "tts_config_id", "audience",
    "settings", "import_id", "scheduled_at",
)  # fmt: skip
_REFERENCES = {"media_id": Media, "template_id": Template, "tts_config_id": VoiceConfig}
_SOURCES = {"list_id": ContactList, "group_ids": Group, "tag_ids": Tag, "import_id": Import}


def clean(given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - {*FIELDS, "parent_id"}
    if unknown:
        raise TypeError(f"not fields of a campaign: {sorted(unknown)}")
    values = dict(given)
    if "name" in values:
        values["name"] = " ".join((values["name"] or "").split())
    if "message" in values:
        values["message"] = rules.clean_text(values["message"])
    if "variations" in values:
        values["variations"] = [text for one in values["variations"] or [] if (text := rules.clean_text(one)).strip()]
    if "settings" in values:
        values["settings"] = {key: value for key, value in (values["settings"] or {}).items() if value is not None}
    if "audience" in values:
        values["audience"] = _plain(values["audience"] or {})
        values["import_id"] = _uuid(values["audience"].get("import_id"))
    if values.get("media_url") == "":
        values["media_url"] = None
    return values


def _plain(audience: dict[str, Any]) -> dict[str, Any]:
    """As JSON, empty parts left out."""
    found: dict[str, Any] = {}
    for key, value in audience.items():
        if isinstance(value, list | tuple | set):
            value = [str(one) for one in value]
        elif isinstance(value, uuid.UUID):
            value = str(value)
        if value:
            found[key] = value
    return found


def _uuid(value: Any) -> uuid.UUID | None:
    return uuid.UUID(str(value)) if value else None


def check(values: dict[str, Any], instance_ids: Sequence[uuid.UUID], current: Campaign | None = None) -> None:
    errors: list[FieldError] = []
    if "name" in values:
        errors += rules.name_errors(values["name"])
    message = values.get("message", current.message if current else "")
    errors += rules.text_errors(message, values.get("variations", current.variations if current else []))
    errors += rules.settings_errors(values.get("settings", {}))
    errors += _missing(values, instance_ids) + _voice_errors(values, current)
    if errors:
        raise Invalid(errors=errors)


def _voice_errors(values: dict[str, Any], current: Campaign | None) -> list[FieldError]:
    """A voice note carries no other file."""
    found = {key: values.get(key, getattr(current, key, None)) for key in ("tts_config_id", "media_id", "media_url")}
    if found["tts_config_id"] and (found["media_id"] or found["media_url"]):
        return [FieldError("tts_config_id", _("Uma campanha falada não leva outro arquivo: tire o arquivo ou a voz."))]
    return []


def _missing(values: dict[str, Any], instance_ids: Sequence[uuid.UUID]) -> list[FieldError]:
    """References to rows that this company does not have."""
    gone = _("Não encontrado; escolha de novo.")
    errors = [
        FieldError(key, gone) for key, model in _REFERENCES.items() if values.get(key) and _absent(model, [values[key]])
    ]
    audience = values.get("audience") or {}
    for key, model in _SOURCES.items():
        wanted = audience.get(key) or []
        if wanted and _absent(model, [wanted] if isinstance(wanted, str) else wanted):
            errors.append(FieldError(f"audience.{key}", gone))
    earlier = (audience.get("from_campaign") or {}).get("id")
    if earlier and _absent(Campaign, [earlier]):
        errors.append(FieldError("audience.from_campaign", gone))
    if instance_ids and _absent(Instance, instance_ids):
        errors.append(FieldError("instance_ids", gone))
    return errors


def _absent(model: Any, wanted: Sequence[Any]) -> bool:
    try:
        ids = {uuid.UUID(str(one)) for one in wanted}
    except ValueError:
        return True
    clauses = [model.id.in_(ids), model.tenant_id == current_actor().tenant_id]
    if hasattr(model, "deleted_at"):
        clauses.append(model.deleted_at.is_(None))
    return len(read_session().scalars(select(model.id).where(*clauses)).all()) != len(ids)


def check_address(values: dict[str, Any]) -> None:
    """Asks the name server: call it before the transaction. Raises Invalid."""
    if values.get("media_url"):
        check_url(values["media_url"], "media_url")
