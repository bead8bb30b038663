"""What workers do with files: small pictures of large ones, voice notes of recordings, the length of sounds; and what
nobody uses goes."""

import uuid

from app.core.background import job
from app.core.context import acting, system
from app.core.retention import every_tenant
from app.media.service import make_thumbnail, sounds, sweep


@job("media.thumbnail", queue="default", timeout=60)
def thumbnail(tenant_id: str, media_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        make_thumbnail(uuid.UUID(media_id))


@job("media.voice_note", queue="default", timeout=120)
def voice_note(tenant_id: str, media_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        sounds.write_voice_note(uuid.UUID(media_id))


@job("media.measure", queue="default", timeout=120)
def measure(tenant_id: str, media_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        sounds.measure(uuid.UUID(media_id))


@job("media.sweep", queue="bulk", timeout=3600, every=6 * 3600)
def sweep_unused() -> None:
    for _tenant_id in every_tenant():
        sweep()
