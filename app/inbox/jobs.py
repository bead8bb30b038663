"""Fetching files that did not come with their message, and what happens by the clock."""

import uuid

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.background import enqueue, job
from app.core.context import acting, system
from app.core.db import release, transaction
from app.core.errors import AppError
from app.core.facts import emit
from app.core.retention import every_tenant, purge
from app.gateways import gateway_for
from app.gateways.errors import GatewayError
from app.gateways.port import File, Target
from app.inbox.service import adopting, indexing, leaving, presence, routing, scheduled, silence, watching
from app.inbox.service.files import keep
from app.instances.models import Instance
from app.instances.rules import credentials_of
from app.messages.models import Message

log = structlog.get_logger(__name__)

WAITS = (5, 30, 120, 600, 3600)
_READ = text("""
    SELECT external_id, metadata ->> 'jid' AS jid FROM messages
    WHERE id = ANY (cast(:ids AS uuid[])) AND external_id IS NOT NULL AND metadata ? 'jid'
""")


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


@job("inbox.show_scheduled", queue="default", timeout=60)
def show_scheduled(tenant_id: str, message_id: str) -> None:
    """A message for later reached its moment."""
    with acting(system(uuid.UUID(tenant_id))):
        scheduled.show_scheduled(uuid.UUID(message_id))


@job("inbox.mark_read", queue="default", timeout=60)
def mark_read(tenant_id: str, instance_id: str, message_ids: list[str]) -> None:
    """Blue ticks on the customer's phone. A mark that fails is not worth a retry: the next one covers it."""
    with acting(system(uuid.UUID(tenant_id))):
        with transaction() as session:
            instance = session.get(Instance, uuid.UUID(instance_id))
            rows = session.execute(_READ, {"ids": message_ids}).all()
            if instance is None or instance.status != "connected" or not rows:
                return
            creds = credentials_of(instance.external_name, instance.credentials)
            provider = instance.provider
        release()
        targets = [Target(external_id=row.external_id, jid=row.jid) for row in rows]
        try:
            gateway_for(provider).mark_read(creds, targets)
        except GatewayError as exc:
            log.info("read_not_marked", instance_id=instance_id, code=exc.code)


@job("inbox.watch_typing", queue="default", timeout=60)
def watch_typing(tenant_id: str, ticket_id: str) -> None:
    """Ask WhatsApp to tell when this customer writes. Nothing is lost when it refuses."""
    with acting(system(uuid.UUID(tenant_id))):
        watched = watching.find_watched(uuid.UUID(ticket_id))
        if watched is None:
            return
        instance, recipient = watched
        creds, provider = credentials_of(instance.external_name, instance.credentials), instance.provider
        release()
        try:
            gateway_for(provider).watch_typing(creds, recipient)
        except GatewayError as exc:
            log.info("typing_not_watched", ticket_id=ticket_id, code=exc.code)


@job("inbox.distribute", queue="default", timeout=120)
def distribute(tenant_id: str) -> None:
    """Somebody came online or became free."""
    with acting(system(uuid.UUID(tenant_id))):
        routing.distribute_waiting()


@job("inbox.distribute_all", queue="default", timeout=300, every=30)
def distribute_all() -> None:
    """What a lost nudge, an opening hour or a freed place left waiting."""
    for _tenant_id in every_tenant():
        routing.distribute_waiting()


@job("inbox.watch_presence", queue="default", timeout=30, every=20)
def watch_presence() -> None:
    presence.sweep()


@job("inbox.adopt", queue="default", timeout=300, every=60)
def adopt() -> None:
    """Messages of ours that another system sent, or somebody typed on WhatsApp Web. One that resists costs no other."""
    for _tenant_id in every_tenant():
        for instance_id in adopting.numbers_with_strays():
            try:
                adopting.adopt(instance_id)
            except (AppError, SQLAlchemyError, ValueError):
                log.exception("strays_not_adopted", instance_id=str(instance_id))
                release()


@job("inbox.close_silent", queue="default", timeout=300, every=60)
def close_silent() -> None:
    for _tenant_id in every_tenant():
        silence.close_silent()


@job("inbox.housekeeping", queue="default", timeout=300, every=3600)
def housekeeping() -> None:
    """Keys against double sends have served their time."""
    for _tenant_id in every_tenant():
        purge("client_keys", "created_at < now() - interval '7 days'")


@job("inbox.fill_search", queue="bulk", timeout=3600, every=600)
def fill_search() -> None:
    for _tenant_id in every_tenant():
        indexing.fill_search()


@job("inbox.leave", queue="events")
def leave(tenant_id: str, user_id: str) -> None:
    """Somebody's account was closed."""
    with acting(system(uuid.UUID(tenant_id))):
        leaving.release_all(uuid.UUID(user_id))
