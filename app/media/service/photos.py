"""People's own photos: any picture, kept as one small JPEG without a trace of where it was taken."""

from typing import BinaryIO

from flask_babel import gettext as _

from app.accounts.models import User
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.errors import Invalid, TooLarge, Unauthorized
from app.core.facts import emit
from app.core.storage import new_key, storage
from app.green import run_blocking
from app.media import rules
from app.media.service.storing import inspect

SIDE = 256
LARGEST = 5 * 1024 * 1024


def set_own_photo(stream: BinaryIO, file_name: str) -> None:
    """Raises Invalid or TooLarge with the reason. The web process does it: one small picture, in a thread."""
    file = inspect(stream, file_name)
    if file.type.kind != "image":
        raise Invalid.field("file", _("Escolha uma imagem: JPG, PNG ou WebP."))
    if file.size > LARGEST:
        raise TooLarge(_("A foto pode ter até %(limit)s MB.", limit=LARGEST // 2**20))
    stream.seek(0)
    try:
        small = run_blocking(rules.thumbnail, stream.read(), SIDE)
    except rules.UnreadableImage as error:
        raise Invalid.field("file", _("Não conseguimos abrir esta imagem; ela pode estar corrompida.")) from error
    key = new_key(current_actor().tenant_id)
    release()  # no database connection waits for the disk or the bucket
    storage().put(key, small, "image/jpeg")
    _replace(key)


def remove_own_photo() -> None:
    _replace(None)


def _replace(key: str | None) -> None:
    actor = current_actor()
    if actor.user_id is None:
        raise Unauthorized
    with transaction() as session:
        user = session.get_one(User, actor.user_id, with_for_update=True, populate_existing=True)
        before, user.avatar = user.avatar, key
        audit("user.photo", "user", user.id)
        emit("user.changed", user_id=user.id)
    release()
    if before:
        storage().delete(before)
