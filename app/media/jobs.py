"""Small pictures of large ones; files that nobody uses."""

import uuid

from app.core.background import job
from app.core.context import acting, system
from app.core.retention import every_tenant
from app.media.service import make_thumbnail, sweep


@job("media.thumbnail", queue="default", timeout=60)
def thumbnail(tenant_id: str, media_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        make_thumbnail(uuid.UUID(media_id))


@job("media.sweep", queue="bulk", timeout=3600, every=6 * 3600)
def sweep_unused() -> None:
    for _tenant_id in every_tenant():
        sweep()
