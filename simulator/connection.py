"""The life of a number: QR codes, pairing, losing and finding the connection (sections 3 and 8.1-8.3)."""

import asyncio
import json
import secrets
import uuid
from typing import Any

import segno

from simulator import ids, numbers
from simulator.state import BAILEYS, CLOSE, CONNECTING, OPEN, Instance
from simulator.world import World

_LOGGED_OUT = {401: "Logged out", 402: "Payment required", 403: "Forbidden", 406: "Not acceptable"}
_PAIRING_LETTERS = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"


def create(world: World, fields: dict[str, Any]) -> Instance:
    moment = ids.now()
    instance = Instance(
        name=fields["instanceName"],
        id=str(uuid.uuid4()),
        token=fields.get("token") or str(uuid.uuid4()).upper(),
        integration=fields["integration"],
        created_at=moment,
        updated_at=moment,
        number=fields.get("number") or None,
        business_id=fields.get("businessId"),
    )
    world.instances[instance.name] = instance
    if instance.integration != BAILEYS:
        _other_channel(instance)
    world.save_instance(instance)
    world.hub.tell("*", "state")
    return instance


def _other_channel(instance: Instance) -> None:
    """Cloud and EVOLUTION channels are open at once, without a QR (section 9)."""
    instance.state, instance.live.socket = OPEN, True
    instance.owner_jid = numbers.digits(instance.number or "") + numbers.PERSON


def connect(world: World, instance: Instance, number: str | None = None) -> None:
    """Open the socket: with credentials it reconnects, without them it shows QR codes."""
    live = instance.live
    live.socket, live.webhook_base64 = True, bool(instance.webhook and instance.webhook["webhookBase64"])
    live.qr, live.qr_code = {"count": 0}, ""
    _state(world, instance, CONNECTING)
    if instance.paired:
        _run(instance, _come_back(world, instance, world.scaled(world.config.pairing_seconds)))
    else:
        asked = numbers.digits(number or instance.number or "")
        _run(instance, _show_codes(world, instance, _pairing_code() if asked else None, asked or None))


def _run(instance: Instance, work: Any) -> None:
    if instance.live.task:
        instance.live.task.cancel()
    instance.live.task = asyncio.create_task(work)


async def _show_codes(world: World, instance: Instance, pairing: str | None, asked: str | None) -> None:
    if asked:
        instance.number = asked
    await asyncio.sleep(world.scaled(0.3))
    for count in range(1, world.config.qr_limit + 1):
        _show_code(world, instance, count, pairing)
        if world.config.auto_scan_seconds is not None:
            await asyncio.sleep(world.scaled(world.config.auto_scan_seconds))
            asyncio.get_running_loop().call_soon(scan, world, instance)
        await asyncio.sleep(world.scaled(world.config.qr_seconds))
    _give_up(world, instance)


def _show_code(world: World, instance: Instance, count: int, pairing: str | None) -> None:
    live = instance.live
    live.qr_code = secrets.token_urlsafe(18)
    text = f"{world.url}/_sim/scan/{live.qr_code}"
    image = segno.make(text, error="m").png_data_uri(scale=6, border=4)
    live.qr = {"pairingCode": pairing, "code": text, "base64": image, "count": count}
    shown = {name: live.qr[name] for name in ("pairingCode", "code", "base64")}
    world.webhooks.emit(instance, "qrcode.updated", {"qrcode": {"instance": instance.name, **shown}})
    _announce(world, instance, CONNECTING)
    world.hub.tell(instance.name, "state")


def _give_up(world: World, instance: Instance) -> None:
    late = {"message": "QR code limit reached, please login again", "statusCode": 500}
    world.webhooks.emit(instance, "qrcode.updated", late)
    instance.live.qr, instance.live.qr_code = {"count": 0}, ""
    _announce(world, instance, "refused", 428)
    _state(world, instance, CLOSE)


def _pairing_code() -> str:
    return "".join(secrets.choice(_PAIRING_LETTERS) for _ in range(8))


def scan(world: World, instance: Instance) -> bool:
    """Somebody points a phone at the code. False when there is no code to scan."""
    if instance.state != CONNECTING or not instance.live.qr_code:
        return False
    instance.live.qr, instance.live.qr_code = {"count": 0}, ""
    user = numbers.canonical(instance.number or numbers.plausible_number(instance.name))
    instance.owner_jid = user + numbers.PERSON
    instance.profile_name = instance.profile_name or instance.name.replace("-", " ").replace("_", " ").title()
    instance.paired = True
    instance.disconnection_code = instance.disconnection_object = instance.disconnection_at = None
    _announce(world, instance, CONNECTING)  # WhatsApp forces one reconnect right after pairing
    _run(instance, _come_back(world, instance, world.scaled(world.config.pairing_seconds)))
    return True


async def _come_back(world: World, instance: Instance, wait: float) -> None:
    await asyncio.sleep(wait)
    _state(world, instance, OPEN)
    picture = picture_url(world, instance.owner_jid or "")
    profile = {"wuid": instance.owner_jid, "profileName": instance.profile_name, "profilePictureUrl": picture}
    _announce(world, instance, OPEN, extra=profile)
    _sync_contacts(world, instance)
    held, instance.live.held[:] = list(instance.live.held), []
    for happen in held:
        happen()


def _sync_contacts(world: World, instance: Instance) -> None:
    """On connecting, contacts arrive as an array."""
    known = [c for c in instance.contacts.values() if not numbers.is_group(c.jid)][:500]
    if known:
        rows = [
            {"remoteJid": c.jid, "pushName": c.push_name, "profilePicUrl": None, "instanceId": instance.id}
            for c in known
        ]
        world.webhooks.emit(instance, "contacts.upsert", rows)


def picture_url(world: World, jid: str) -> str:
    return f"{world.url}/_sim/avatar/{numbers.user_part(jid)}.png"


def drop(world: World, instance: Instance, seconds: float | None) -> None:
    """The network fails: `connecting`, then open again after `seconds` (None = for ever)."""
    _state(world, instance, CONNECTING)
    _announce(world, instance, CONNECTING)
    instance.live.qr, instance.live.qr_code = {"count": 0}, ""
    if seconds is not None:
        _run(instance, _come_back(world, instance, world.scaled(seconds)))
    elif instance.live.task:
        instance.live.task.cancel()


def close(world: World, instance: Instance, code: int) -> "asyncio.Task[None] | None":
    """A final close: 401 logged out, 403 banned, 402 and 406 others. The pairing is lost."""
    if instance.live.task:
        instance.live.task.cancel()
    instance.paired = False
    instance.live.qr, instance.live.qr_code = {"count": 0}, ""
    instance.disconnection_code, instance.disconnection_at = code, ids.now()
    instance.disconnection_object = json.dumps(_boom(code))
    _state(world, instance, CLOSE)
    status = {
        "instance": instance.name,
        "status": "closed",
        "disconnectionAt": ids.iso(instance.disconnection_at),
        "disconnectionReasonCode": code,
        "disconnectionObject": instance.disconnection_object,
    }
    world.webhooks.emit(instance, "status.instance", status)
    left = world.webhooks.emit(instance, "logout.instance", None)
    _announce(world, instance, CLOSE, code)
    return left


def _boom(code: int) -> dict[str, Any]:
    text = _LOGGED_OUT.get(code, "Connection Failure")
    payload = {"statusCode": code, "error": text, "message": "Connection Failure"}
    data = {"tag": "stream:error" if code == 401 else "failure", "attrs": {"reason": str(code)}}
    return {
        "error": {
            "data": data,
            "isBoom": True,
            "isServer": False,
            "output": {"statusCode": code, "payload": payload},
        }
    }


async def delete(world: World, instance: Instance) -> None:
    """Log out and forget; the name stays taken until remove.instance is delivered or given up."""
    instance.live.deleting = True
    if instance.state == OPEN and instance.integration == BAILEYS:
        close(world, instance, 401)
    if instance.live.task:
        instance.live.task.cancel()
    both = {"instanceName": instance.name, "instanceId": instance.id}
    world.webhooks.emit(instance, "instance.delete", both)
    removal = world.webhooks.emit(instance, "remove.instance", None)
    if removal:
        removal.add_done_callback(lambda _: _remove(world, instance))
    else:
        _remove(world, instance)


def _remove(world: World, instance: Instance) -> None:
    if world.instances.get(instance.name) is instance:
        world.forget(instance)
        world.hub.tell("*", "state")


def boot(world: World) -> None:
    """After a restart only numbers that were open or connecting come back (section 12.12)."""
    for instance in world.instances.values():
        if instance.integration != BAILEYS:
            instance.live.socket = True
        elif instance.state in (OPEN, CONNECTING):
            connect(world, instance)


def _state(world: World, instance: Instance, state: str) -> None:
    instance.state = state
    world.save_instance(instance)
    world.hub.tell(instance.name, "state")
    world.hub.tell("*", "state")


def _announce(
    world: World, instance: Instance, state: str, reason: int = 200, extra: dict[str, Any] | None = None
) -> None:
    data = {"instance": instance.name, **(extra or {}), "state": state, "statusReason": reason}
    world.webhooks.emit(instance, "connection.update", data)
