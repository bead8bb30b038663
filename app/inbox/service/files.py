"""Files that customers send: kept with the message when they came along, fetched by a job when they did not."""

import base64
import binascii
import io
import uuid
from typing import Any

from app.core.background import enqueue
from app.core.context import current_actor
from app.core.errors import AppError
from app.gateways.events import Attachment, MessageReceived
from app.media.service import store_upload


def attach(instance_id: uuid.UUID, message_id: uuid.UUID, event: MessageReceived) -> dict[str, Any]:
    """Columns of the message row: `media_id` when stored, `media` with what is known about the file."""
    found = event.content.media
    if found is None:
        return {"media": None}
    known = {"mime_type": found.mime_type, "file_name": found.file_name, "size": found.size, "seconds": found.seconds}
    columns: dict[str, Any] = {"media": {key: value for key, value in known.items() if value is not None}}
    data = _decoded(found)
    if data is None:
        columns["media"]["state"] = "pending"
        tenant_id = current_actor().tenant_id
        enqueue("inbox.fetch_file", tenant_id=tenant_id, instance_id=instance_id, message_id=message_id)
        return columns
    try:
        columns["media_id"] = keep(data, found.file_name, event.content.type)
    except AppError as exc:
        columns["media"]["state"] = "refused"
        columns["media"]["error"] = str(exc)
    return columns


def keep(data: bytes, file_name: str | None, kind: str) -> uuid.UUID:
    """Store what arrived. Raises AppError when the bytes are not what may be stored."""
    wanted = kind if kind in ("voice", "sticker", "document") else None
    return store_upload(io.BytesIO(data), file_name or kind, wanted).id


def _decoded(found: Attachment) -> bytes | None:
    if not found.base64:
        return None
    try:
        return base64.b64decode(found.base64, validate=True)
    except binascii.Error:
        return None
