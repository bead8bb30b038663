"""What people ask of a number's connection. The row says so at once; a job talks to the gateway."""

import time
import uuid

from flask_babel import gettext as _

from app.core import clock, phone
from app.core.audit import audit
from app.core.background import enqueue, nudge
from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.errors import Conflict, Invalid
from app.core.facts import emit
from app.core.ids import new_id
from app.core.permissions import require
from app.instances import queries
from app.instances.models import Instance
from app.instances.service.rows import change, health, no_link

POLL_SECONDS = 0.25


def ask_connect(instance_id: uuid.UUID, phone_number: str | None = None) -> Instance:
    """Show a QR code, or with `phone_number` a pairing code too. Asking again renews them."""
    require("instances.connect")
    number = _pairing_phone(phone_number)
    with transaction():
        instance = queries.get_instance(instance_id)
        if not instance.is_active:
            raise Conflict(_("Este número está pausado. Ative-o antes de conectar."))
        changed = change(
            instance_id,
            Instance.status != "connected",
            status="connecting",
            status_reason=None,
            health=health(connect_asked_at=clock.now().timestamp(), error=None),
            **no_link(),
        )
        if changed:
            audit("instance.connect", "instance", instance_id)
            _enqueue("instances.connect", instance_id, phone=number)
    return queries.get_instance(instance_id)


def _pairing_phone(raw: str | None) -> str | None:
    if not raw or not raw.strip():
        return None
    try:
        return phone.parse(raw).e164
    except phone.PhoneError:
        raise Invalid.field("phone_number", _("Confira o telefone: use DDD e número, como (11) 98765-4321.")) from None


def ask_disconnect(instance_id: uuid.UUID) -> Instance:
    """It stops being ours to use at once; the gateway is told by a job."""
    require("instances.connect")
    with transaction():
        queries.get_instance(instance_id)
        changed = change(
            instance_id,
            Instance.status.in_(("connected", "connecting", "failed")),
            status="disconnected",
            status_reason="by_user",
            **no_link(),
        )
        if changed:
            audit("instance.disconnect", "instance", instance_id)
            emit("instance.disconnected", instance_id=instance_id, reason="by_user", final=True)
            _enqueue("instances.disconnect", instance_id)
    return queries.get_instance(instance_id)


def ask_restart(instance_id: uuid.UUID) -> None:
    """For a number that says connected and delivers nothing."""
    require("instances.connect")
    with transaction():
        queries.get_instance(instance_id)
        audit("instance.restart", "instance", instance_id)
        _enqueue("instances.restart", instance_id)


def ask_test(instance_id: uuid.UUID, recipient: str) -> str:
    """One real message to a phone of the team; returns the test's id. The outcome shows in `health.test`."""
    require("instances.connect")
    try:
        number = phone.parse(recipient).e164
    except phone.PhoneError:
        raise Invalid.field("recipient", _("Confira o telefone: use DDD e número, como (11) 98765-4321.")) from None
    test = {"id": str(new_id()), "to": number, "status": "queued", "at": clock.now().isoformat()}
    with transaction():
        queries.get_instance(instance_id)
        if not change(instance_id, Instance.status == "connected", health=health(test=test)):
            raise Conflict(_("Conecte o número antes de enviar um teste."))
        audit("instance.test", "instance", instance_id)
        _enqueue("instances.test", instance_id, test_id=test["id"])
    return test["id"]


def ask_refresh(instance_id: uuid.UUID) -> None:
    """Whoever looks at the QR page keeps it fresh, even where webhooks do not reach us; coalesced."""
    nudge("instances.refresh_link", 0.15, tenant_id=current_actor().tenant_id, instance_id=instance_id)


def _enqueue(job: str, instance_id: uuid.UUID, **args: str | None) -> None:
    enqueue(job, tenant_id=current_actor().tenant_id, instance_id=instance_id, **args)


def wait_for_link(instance_id: uuid.UUID, seconds: float) -> Instance:
    """Until there is something to scan or the attempt has ended, or `seconds` passed. Holds no connection."""
    for _turn in range(max(1, int(seconds / POLL_SECONDS))):
        instance = queries.get_instance(instance_id)
        if instance.status != "connecting" or instance.qr_code or instance.pairing_code:
            return instance
        release()
        time.sleep(POLL_SECONDS)
    return queries.get_instance(instance_id)
