"""Small pictures of large ones, for lists and threads."""

import uuid

from app.core.db import release, transaction
from app.core.storage import new_key, storage
from app.media import queries, rules
from app.media.models import Media

SIDE = 480  # points on the longer side


def make_thumbnail(media_id: uuid.UUID) -> bool:
    """Twice changes nothing. False for what needs none: it is small already, or no picture."""
    with transaction():
        media = queries.find_media(media_id)
        if media is None or media.thumb_key or max(media.width or 0, media.height or 0) <= SIDE:
            return False
        source, key = media.storage_key, new_key(media.tenant_id)
    release()
    try:
        small = rules.thumbnail(storage().read(source), SIDE)
    except (rules.UnreadableImage, FileNotFoundError):
        return False
    storage().put(key, small, "image/jpeg")
    with transaction() as session:
        session.get(Media, media_id, with_for_update=True, populate_existing=True).thumb_key = key
    return True
