"""Our own messages that nobody here sent: another system's through the same gateway, or typed on WhatsApp Web.

Their echoes wait a while as proof for a message whose outcome is unknown; what proves none is part of the conversation.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.core import clock
from app.core.db import transaction
from app.gateways.events import Attachment, Content, MessageReceived
from app.inbox.service.arriving import receive
from app.outbox.service import evidence

AFTER = timedelta(minutes=10)
BATCH = 200
WITH_FILE = ("image", "video", "audio", "voice", "document", "sticker")

_NUMBERS = text("""
    SELECT i.id FROM instances i WHERE EXISTS (SELECT 1 FROM external_refs r WHERE r.instance_id = i.id
        AND r.message_id IS NULL AND r.echo IS NOT NULL AND r.echo -> 'nobody' IS NULL AND r.created_at < :before)
""")
_ECHOES = text("""
    SELECT external_id, echo FROM external_refs WHERE instance_id = :instance AND message_id IS NULL
        AND echo IS NOT NULL AND echo -> 'nobody' IS NULL AND created_at < :before
    ORDER BY created_at, external_id LIMIT :n
""")
# Receipts that came meanwhile were kept with the reference.
_STATUSES = text("""
    UPDATE messages m SET delivered_at = least(r.delivered_at, r.read_at, r.played_at),
        read_at = least(r.read_at, r.played_at), played_at = r.played_at, failed_at = r.failed_at,
        status = CASE WHEN status_rank(r.best_status) > status_rank(m.status) THEN r.best_status ELSE m.status END
    FROM external_refs r WHERE r.instance_id = :instance AND r.external_id = ANY (cast(:ids AS text[]))
        AND m.id = r.message_id AND r.best_status IS NOT NULL
""")
# Without an address that names a person there is no conversation to put it in: looked at once, kept as it is.
_NOBODY = text("""
    UPDATE external_refs SET echo = echo || '{"nobody": true}' WHERE instance_id = :instance
        AND external_id = ANY (cast(:ids AS text[])) AND message_id IS NULL
""")


def numbers_with_strays(after: timedelta = AFTER) -> list[uuid.UUID]:
    with transaction() as session:
        return list(session.scalars(_NUMBERS, {"before": clock.now() - after}))


def adopt(instance_id: uuid.UUID, after: timedelta = AFTER) -> int:
    """Into the ledger with what waited longer than `after`, unless it proves a message of ours. How many."""
    with transaction() as session:
        evidence.bind(instance_id)
        rows = session.execute(_ECHOES, {"instance": instance_id, "before": clock.now() - after, "n": BATCH}).all()
        adopted = receive(instance_id, [_as_event(row.echo) for row in rows])
        values = {"instance": instance_id, "ids": [row.external_id for row in rows]}
        session.execute(_STATUSES, values)
        session.execute(_NOBODY, values)
    return adopted


def _as_event(echo: dict[str, Any]) -> MessageReceived:
    jid, at, kind = echo["jid"], echo.get("at"), echo.get("type") or "text"
    user, _, host = jid.partition("@")
    media = Attachment(mime_type="", file_name=echo.get("file_name")) if kind in WITH_FILE else None
    return MessageReceived(
        channel="",
        external_id=echo["external_id"],
        jid=jid,
        phone=f"+{user}" if host == "s.whatsapp.net" else None,
        lid=jid if host == "lid" else None,
        push_name=None,
        from_me=True,
        source=echo.get("source") or "unknown",
        is_group=False,
        content=Content(kind, echo.get("text") or "", media),
        quoted_id=None,
        at=datetime.fromisoformat(at) if at else None,
    )
