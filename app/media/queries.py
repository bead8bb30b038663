"""Reads of stored files."""

import uuid
from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import Forbidden, NotFound
from app.core.permissions import can
from app.media.models import Media

# Files are seen by whoever sees where they are used: conversations, campaigns, templates.
_SEEN_WITH = ("media.write", "inbox.use", "campaigns.read", "templates.read")


def get_media(media_id: uuid.UUID) -> Media:
    """Raises Forbidden, NotFound."""
    actor = current_actor()
    if not any(can(actor, permission) for permission in _SEEN_WITH):
        raise Forbidden
    return find_media(media_id) or _not_found()


def _not_found() -> Media:
    raise NotFound(_("Arquivo não encontrado"))


def find_media(media_id: uuid.UUID | None) -> Media | None:
    if media_id is None:
        return None
    wanted = select(Media).where(Media.id == media_id, Media.tenant_id == current_actor().tenant_id)
    return read_session().scalars(wanted).one_or_none()


def list_by_ids(media_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Media]:
    if not media_ids:
        return {}
    wanted = select(Media).where(Media.id.in_(media_ids), Media.tenant_id == current_actor().tenant_id)
    return {media.id: media for media in read_session().scalars(wanted)}


def find_same(sha256: str) -> list[Media]:
    """The company's rows with the same bytes, oldest first."""
    wanted = select(Media).where(Media.sha256 == sha256, Media.tenant_id == current_actor().tenant_id)
    return list(read_session().scalars(wanted.order_by(Media.id)))
