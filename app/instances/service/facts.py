"""What the gateway told us, by webhook or by answer. Every verb may run twice and in any order."""

import uuid
from datetime import timedelta

from app.core import clock, phone
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.crypto import seal
from app.core.db import after_commit, transaction
from app.core.facts import emit
from app.core.realtime import permission_room, publish
from app.gateways.errors import GatewayError
from app.instances import queries
from app.instances.models import Instance
from app.instances.rules import closing_reason
from app.instances.service.rows import change, health, no_link, wake_senders

QR_SECONDS = 45
# Asking for a new link may close the old one first: its late "closed" must not undo the new one.
SETTLING = timedelta(seconds=15)


def record_open(instance_id: uuid.UUID, *, jid: str | None = None, profile_name: str | None = None) -> None:
    with transaction():
        before = queries.find_instance(instance_id)
        if before is None or _was_put_down(before):
            return
        number = _e164(jid) or before.phone_number
        other = queries.find_by_phone(number) if number else None
        if other is not None and other.id != instance_id:
            _refuse_duplicate(instance_id)
            return
        changed = change(
            instance_id,
            status="connected",
            status_reason=None,
            phone_number=number,
            jid=jid or before.jid,
            profile_name=profile_name or before.profile_name,
            last_connection_at=clock.now() if before.status != "connected" else before.last_connection_at,
            last_checked_at=clock.now(),
            health=health(error=None, silent_since=None) if before.status != "connected" else health(error=None),
            **no_link(),
        )
        if changed and before.status != "connected":
            wake_senders(instance_id)
            emit("instance.connected", instance_id=instance_id)


def _was_put_down(instance: Instance) -> bool:
    """A person disconnected it: a delivery that comes late does not take it up again."""
    return instance.status == "disconnected" and instance.status_reason == "by_user"


def _e164(jid: str | None) -> str | None:
    found = phone.from_jid(jid) if jid else None
    return found.e164 if found else None


def _refuse_duplicate(instance_id: uuid.UUID) -> None:
    """One phone in two rows would send everything twice as fast as its pace allows."""
    if change(instance_id, status="failed", status_reason="duplicate_number", **no_link()):
        emit("instance.disconnected", instance_id=instance_id, reason="duplicate_number", final=True)
        enqueue("instances.disconnect", tenant_id=current_actor().tenant_id, instance_id=instance_id)


def record_connecting(instance_id: uuid.UUID) -> None:
    """A network drop: the gateway tries to come back by itself."""
    change(instance_id, Instance.status == "connected", status="connecting", status_reason="reconnecting")


def record_closed(instance_id: uuid.UUID, code: int | None = None) -> None:
    """A final close, told in up to three events of which only some carry WhatsApp's code."""
    status, reason = closing_reason(code)
    with transaction():
        before = queries.find_instance(instance_id)
        if before is None or not _may_close(before, reason):
            return
        changed = change(
            instance_id,
            Instance.status == before.status,
            Instance.status_reason.is_not_distinct_from(before.status_reason),
            status=status,
            status_reason=reason,
            **no_link(),
        )
        if changed:
            emit("instance.disconnected", instance_id=instance_id, reason=reason, final=True)


def _may_close(before: Instance, reason: str) -> bool:
    if before.status == "connected":
        return True
    if before.status == "connecting":
        return before.status_reason == "reconnecting" or not _is_settling(before)
    # Closed already: only a better explanation is news.
    return before.status_reason == "closed" and reason != "closed"


def _is_settling(instance: Instance) -> bool:
    return connecting_for(instance) < SETTLING


def connecting_for(instance: Instance) -> timedelta:
    """Since somebody last asked to connect; very long when nobody did."""
    asked = instance.health.get("connect_asked_at")
    return timedelta(seconds=clock.now().timestamp() - asked) if asked else timedelta.max


def record_qr(instance_id: uuid.UUID, image: str, pairing_code: str | None = None) -> None:
    """`image` is a data URI. Ignored unless someone is connecting this number."""
    expires_at = clock.now() + timedelta(seconds=QR_SECONDS)
    with transaction():
        changed = change(
            instance_id,
            Instance.status == "connecting",
            qr_code=image,
            pairing_code=pairing_code,
            qr_expires_at=expires_at,
            status_reason=None,
        )
        if changed:
            _publish_qr(instance_id, image, pairing_code, expires_at.isoformat())


def _publish_qr(instance_id: uuid.UUID, image: str, pairing_code: str | None, expires_at: str) -> None:
    """To those only who may connect numbers: whoever scans it becomes this number's device."""
    room = permission_room(current_actor().tenant_id, "instances.connect")
    payload = {
        "instance_id": str(instance_id),
        "qr_code": image,
        "pairing_code": pairing_code,
        "expires_at": expires_at,
    }
    after_commit(lambda: publish("whatsapp:qr", payload, room=room))


def record_qr_exhausted(instance_id: uuid.UUID) -> None:
    _end_attempt(instance_id, "disconnected", "qr_exhausted")


def record_qr_missing(instance_id: uuid.UUID) -> None:
    """The gateway never showed a code: it cannot reach WhatsApp, or its web version is stale."""
    _end_attempt(instance_id, "failed", "qr_missing")


def _end_attempt(instance_id: uuid.UUID, status: str, reason: str) -> None:
    change(instance_id, Instance.status == "connecting", status=status, status_reason=reason, **no_link())


def record_gone(instance_id: uuid.UUID) -> None:
    """Deleted at the gateway: the next connect creates it again."""
    with transaction():
        changed = change(
            instance_id,
            Instance.is_provisioned,
            is_provisioned=False,
            status="failed",
            status_reason="instance_missing",
            **no_link(),
        )
        if changed:
            emit("instance.disconnected", instance_id=instance_id, reason="instance_missing", final=True)


def record_trouble(instance_id: uuid.UUID, error: GatewayError) -> None:
    """A call failed. Only a connection being made fails with it: a working number stays as it is known."""
    problem = {
        "code": error.code,
        "detail": error.detail[:500],
        "help_url": error.help_url,
        "at": clock.now().isoformat(),
    }
    with transaction():
        change(instance_id, health=health(error=problem), last_checked_at=clock.now())
        change(
            instance_id,
            Instance.status == "connecting",
            Instance.status_reason.is_distinct_from("reconnecting"),
            status="failed",
            status_reason=error.code,
            **no_link(),
        )


def record_provisioned(instance_id: uuid.UUID, credentials: dict[str, str]) -> None:
    change(instance_id, is_provisioned=True, health=health(error=None))
    record_credentials(instance_id, credentials)


def record_credentials(instance_id: uuid.UUID, credentials: dict[str, str]) -> None:
    """Settings, not a fact of the link: senders must read them again, so the stamp moves."""
    with transaction():
        queries.get_instance(instance_id).credentials = seal(credentials)


def record_silence(instance_id: uuid.UUID, since: str | None) -> None:
    """Connected but dead: sends are accepted and never acknowledged. None: it speaks again."""
    is_silent = Instance.health["silent_since"].astext
    changed = change(instance_id, is_silent.is_distinct_from(since), health=health(silent_since=since))
    if changed and since:
        emit("instance.silent", instance_id=instance_id)
