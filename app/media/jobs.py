"""Small pictures of large ones."""

import uuid

from app.core.background import job
from app.core.context import acting, system
from app.media.service import make_thumbnail


@job("media.thumbnail", queue="default", timeout=60)
def thumbnail(tenant_id: str, media_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        make_thumbnail(uuid.UUID(media_id))
