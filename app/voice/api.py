"""`/api/v1/tts`: voices, audios, and what they cost."""

import time
from typing import Any
from uuid import UUID

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.core.db import release
from app.core.paging import Page, clamp
from app.core.schema import page_of
from app.ui.downloads import file_response
from app.voice import schemas, service
from app.voice.models import CachedAudio, VoiceConfig
from app.voice.queries import usage
from app.voice.queries.audios import get_audio
from app.voice.queries.configs import get_config, list_configs
from app.voice.service.files import stored
from app.voice.service.links import sign

blp = Blueprint("tts", __name__, url_prefix="/tts", description="Spoken messages")
_LOOK_EVERY = 0.2


@blp.get("/configs")
@blp.arguments(schemas.VoiceConfigQuery, location="query")
@blp.response(200, page_of(schemas.VoiceConfigSchema))
def index(query: dict[str, Any]) -> Page[VoiceConfig]:
    """List voices that were set up, the default first"""
    number, limit = clamp(query["page"], query["limit"])
    found = list(list_configs())
    return Page(found[(number - 1) * limit : number * limit], total=len(found), page=number, limit=limit)


@blp.post("/configs")
@blp.arguments(schemas.NewVoiceConfigSchema)
@blp.response(201, schemas.VoiceConfigSchema)
def create(data: dict[str, Any]) -> VoiceConfig:
    """Set up a voice

    Without provider and voice it is the embedded Portuguese one, which needs no account.
    """
    return service.create_config(**data)


@blp.post("/config")
@blp.arguments(schemas.NewVoiceConfigSchema)
@blp.response(201, schemas.VoiceConfigSchema)
def create_config(data: dict[str, Any]) -> VoiceConfig:
    """The same as POST configs"""
    return service.create_config(**data)


@blp.get("/configs/<uuid:config_id>")
@blp.response(200, schemas.VoiceConfigSchema)
def show(config_id: UUID) -> VoiceConfig:
    """Read a voice"""
    return get_config(config_id)


@blp.patch("/configs/<uuid:config_id>")
@blp.arguments(schemas.VoiceConfigChangeSchema)
@blp.response(200, schemas.VoiceConfigSchema)
def update(data: dict[str, Any], config_id: UUID) -> VoiceConfig:
    """Change a voice; launched campaigns keep the one they were launched with"""
    return service.update_config(config_id, **data)


@blp.delete("/configs/<uuid:config_id>")
@blp.response(204)
def delete(config_id: UUID) -> None:
    """Remove a voice"""
    service.delete_config(config_id)


@blp.post("/generate")
@blp.arguments(schemas.GenerateSchema)
@blp.response(200, schemas.AudioSchema)
@blp.alt_response(202, schema=schemas.AudioSchema)
def generate(data: dict[str, Any]) -> ResponseReturnValue:
    """Speak a text

    The same text with the same voice is made once. Not ready within `wait` seconds: 202, and
    GET audios/{id} tells when.
    """
    found, was_there = service.generate(data["text"], data["config_id"], data["wait"])
    return _shown(found, was_there)


@blp.get("/audios/<uuid:audio_id>")
@blp.response(200, schemas.AudioSchema)
@blp.alt_response(202, schema=schemas.AudioSchema)
def show_audio(audio_id: UUID) -> ResponseReturnValue:
    """Read whether an audio is ready"""
    return _shown(get_audio(audio_id), True)


def _shown(found: CachedAudio, was_there: bool) -> ResponseReturnValue:
    """Raises Unavailable with the reason when it cannot be made."""
    if found.state == "failed":
        service.raise_trouble(found)
    is_ready = found.state == "ready"
    link = sign(found) if is_ready else None
    address = {"token": link.token} if link else {}
    return schemas.AudioSchema().dump({
        "id": found.id,
        "status": "ready" if is_ready else "pending",
        "audio_url": url_for("voice_audio.signed", _external=True, **address) if link else None,
        "voice_note_url": url_for("voice_audio.signed", kind="note", _external=True, **address) if link else None,
        "duration": round(found.duration, 3) if is_ready else None,
        "character_count": found.characters,
        "cached": was_there and is_ready,
        "expires_in": link.seconds if link else None,
    }), 200 if is_ready else 202  # fmt: skip


@blp.get("/audios/<uuid:audio_id>/content")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="audio/mpeg")
def content(audio_id: UUID) -> Response:
    """Download an audio as MP3"""
    return file_response(stored(get_audio(audio_id)))


@blp.get("/voices")
@blp.arguments(schemas.VoicesQuery, location="query")
@blp.response(200, schemas.VoicesSchema)
def voices(query: dict[str, Any]) -> dict[str, Any]:
    """List a provider's voices in a language

    Asked once and kept for a week; a first question waits up to `wait` seconds for the provider.
    """
    until = time.monotonic() + query["wait"]
    while True:
        found, status = service.voices_of(query["provider"], query["language"])
        if status != "fetching" or time.monotonic() > until:
            return {"data": found, "status": status}
        release()
        time.sleep(_LOOK_EVERY)


@blp.get("/metrics/<uuid:campaign_id>")
@blp.response(200, schemas.VoiceMetricsSchema)
def metrics(campaign_id: UUID) -> dict[str, Any]:
    """What a campaign's audios were and cost"""
    return {"campaign_id": campaign_id, "usage": usage.of_campaign(campaign_id)}
