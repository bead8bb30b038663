"""One audio, for whoever may hear it."""

from __future__ import annotations

import uuid

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import Forbidden, NotFound
from app.core.permissions import can
from app.voice.models import CachedAudio

_HEARERS = ("voice.manage", "campaigns.read", "inbox.use")


def get_audio(audio_id: uuid.UUID) -> CachedAudio:
    """Raises Forbidden, NotFound. While a provider is away, its stand-in's audio."""
    actor = current_actor()
    if not any(can(actor, permission) for permission in _HEARERS):
        raise Forbidden
    found = find_audio(audio_id)
    if found is None:
        raise NotFound(_("Áudio não encontrado"))
    if found.state == "failed" and found.stand_in:
        return find_audio(found.stand_in) or found
    return found


def find_audio(audio_id: uuid.UUID) -> CachedAudio | None:
    query = select(CachedAudio).where(
        CachedAudio.id == audio_id, CachedAudio.tenant_id == current_actor().tenant_id, CachedAudio.kind == "audio"
    )
    return read_session().scalar(query.execution_options(populate_existing=True))
