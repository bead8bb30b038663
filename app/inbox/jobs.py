"""Fetching files that did not come with their message."""

import uuid

from sqlalchemy import text

from app.core.background import enqueue, job
from app.core.context import acting, system
from app.core.db import release, transaction
from app.core.errors import AppError
from app.core.facts import emit
from app.gateways import gateway_for
from app.gateways.errors import GatewayError
from app.gateways.port import File
from app.inbox.service.files import keep
from app.instances.models import Instance
from app.instances.rules import credentials_of
from app.messages.models import Message

WAITS = (5, 30, 120, 600, 3600)


@job("inbox.fetch_file", queue="default", timeout=180)
def fetch_file(tenant_id: str, instance_id: str, message_id: str, tries: int = 0) -> None:
    """Ask the gateway for the bytes; media expires, so try soon and a few times. No connection is held meanwhile."""
    with acting(system(uuid.UUID(tenant_id))):
        with transaction() as session:
            message = session.get(Message, uuid.UUID(message_id))
            instance = session.get(Instance, uuid.UUID(instance_id))
            if message is None or instance is None or message.media_id or not message.external_id:
                return
            creds = credentials_of(instance.external_name, instance.credentials)
            provider, external_id = instance.provider, message.external_id
        release()
        try:
            found = gateway_for(provider).fetch_media(creds, external_id)
        except GatewayError as exc:
            _again_or_give_up(tenant_id, instance_id, message_id, tries, exc.code)
            return
        _keep(uuid.UUID(message_id), found)


def _keep(message_id: uuid.UUID, found: File) -> None:
    with transaction() as session:
        kind = session.scalar(text("SELECT type FROM messages WHERE id = :id"), {"id": message_id}) or "document"
    try:
        media_id, state, error = keep(found.data, found.file_name, kind), "stored", None
    except AppError as exc:
        media_id, state, error = None, "refused", str(exc)
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None:
            return
        message.media_id = media_id
        message.media = {**(message.media or {}), "state": state, "error": error}
        emit("message.changed", message_id=message.id, ticket_id=message.ticket_id, change="file")


def _again_or_give_up(tenant_id: str, instance_id: str, message_id: str, tries: int, code: str) -> None:
    if tries < len(WAITS):
        enqueue(
            "inbox.fetch_file",
            delay=WAITS[tries],
            tenant_id=tenant_id,
            instance_id=instance_id,
            message_id=message_id,
            tries=tries + 1,
        )
        return
    with transaction() as session:
        session.execute(
            text(
                "UPDATE messages SET media = coalesce(media, '{}')"
                " || jsonb_build_object('state', 'lost', 'error', cast(:code AS text)) WHERE id = :id"
            ),
            {"id": message_id, "code": code},
        )
