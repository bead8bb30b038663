"""Reads of stored files."""

import uuid
from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.core.context import Actor, current_actor
from app.core.db import read_session
from app.core.errors import Forbidden, NotFound
from app.core.permissions import can
from app.media.models import Media

# Files are seen by whoever sees where they are used: conversations, campaigns, templates.
_SEEN_WITH = ("media.write", "inbox.use", "campaigns.read", "templates.read")


# Conversations are a feature above; a file of theirs is shown only to who may open one of them.
_USES = text("""
    SELECT EXISTS (SELECT 1 FROM messages m WHERE m.media_id = :id AND m.campaign_id IS NULL AND m.tenant_id = :tenant
            AND m.ticket_id IS NOT NULL) AS is_said,
        EXISTS (SELECT 1 FROM messages m JOIN tickets t ON t.id = m.ticket_id
            WHERE m.media_id = :id AND m.campaign_id IS NULL AND m.tenant_id = :tenant AND (t.user_id = :me
                OR (t.status = 'pending' AND t.user_id IS NULL AND (t.queue_id IS NULL
                    OR t.queue_id IN (SELECT queue_id FROM queue_members WHERE user_id = :me))))) AS is_theirs,
        EXISTS (SELECT 1 FROM templates WHERE media_id = :id AND tenant_id = :tenant)
            OR EXISTS (SELECT 1 FROM campaigns WHERE media_id = :id AND tenant_id = :tenant)
            OR EXISTS (SELECT 1 FROM quick_replies WHERE media_id = :id AND tenant_id = :tenant) AS is_shared
""")


def get_media(media_id: uuid.UUID) -> Media:
    """Raises Forbidden, NotFound: also for a file of a conversation that the actor may not open."""
    actor = current_actor()
    if not any(can(actor, permission) for permission in _SEEN_WITH):
        raise Forbidden
    media = find_media(media_id)
    if media is None or not _may_see(actor, media):
        raise NotFound(_("Arquivo não encontrado"))
    return media


def _may_see(actor: Actor, media: Media) -> bool:
    if can(actor, "inbox.all") or (actor.user_id is not None and media.created_by == actor.user_id):
        return True
    scope = {"id": media.id, "tenant": actor.tenant_id, "me": actor.user_id}
    uses = read_session().execute(_USES, scope).one()
    return uses.is_shared or not uses.is_said or (uses.is_theirs and can(actor, "inbox.use"))


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
