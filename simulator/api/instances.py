"""Instances: create, connect, state, list, restart, log out, delete (section 3)."""

import asyncio
from typing import Any

from aiohttp import web

from simulator import connection, ids
from simulator.api.frame import Call, answer, needs_baileys, needs_socket, unauthorized
from simulator.api.hooks import configure
from simulator.api.schemas import PRESENCES, check
from simulator.errors import Refusal, bad_request
from simulator.state import BAILEYS, BUSINESS, CLOSE, DEFAULT_SETTINGS, EVOLUTION, OPEN, Instance

_STRINGS = (
    "instanceName",
    "token",
    "number",
    "businessId",
    "msgCall",
    "proxyHost",
    "proxyPort",
    "proxyProtocol",
)
_BOOLEANS = (
    "qrcode",
    "rejectCall",
    "groupsIgnore",
    "alwaysOnline",
    "readMessages",
    "readStatus",
    "syncFullHistory",
)
SWALLOWED = {"error": True, "message": "[object Object]"}


async def create(call: Call) -> web.Response:
    body = call.body if isinstance(call.body, dict) else {}
    name = body.get("instanceName") or ""
    if name in call.world.instances:
        raise Refusal(403, [f'This name "{name}" is already in use.'])
    if not call.is_global:
        raise unauthorized()
    _check_creation(body)
    instance = connection.create(call.world, {**body, "instanceName": name})
    try:
        _initial(call, instance, body)
    except Refusal:
        call.world.forget(instance)
        raise
    both = {"instanceName": instance.name, "instanceId": instance.id}
    call.world.webhooks.emit(instance, "instance.create", both)
    made = _created(instance)
    if body.get("qrcode") and instance.integration == BAILEYS:
        connection.connect(call.world, instance)
        await asyncio.sleep(call.world.scaled(call.world.config.create_seconds))
        made["qrcode"] = dict(instance.live.qr)
    return answer(made, 201)


def _check_creation(body: dict[str, Any]) -> None:
    wrong = [
        f"{name} is not of a type(s) string" for name in _STRINGS if not isinstance(body.get(name, ""), str | None)
    ]
    wrong += [
        f"{name} is not of a type(s) boolean" for name in _BOOLEANS if not isinstance(body.get(name, False), bool)
    ]
    number = body.get("number")
    if isinstance(number, str) and number and not number[0].isdigit():
        wrong.append('number does not match pattern "^\\\\d+[\\\\.@\\\\w-]+"')
    if wrong:
        raise bad_request(wrong)
    if body.get("integration") not in (BAILEYS, BUSINESS, EVOLUTION):
        raise bad_request("Invalid integration")
    if body["integration"] == BUSINESS and not body.get("number"):
        raise bad_request("number is required")
    if body["integration"] == BUSINESS and not body.get("token"):
        raise bad_request("token is required")


def _initial(call: Call, instance: Instance, body: dict[str, Any]) -> None:
    hook = body.get("webhook")
    if isinstance(hook, dict) and hook.get("url"):
        if "events" not in hook:
            raise bad_request("Cannot read properties of undefined (reading 'length')")
        configure(call.world, instance, {**hook, "enabled": True})
    instance.settings |= {name: body[name] for name in DEFAULT_SETTINGS if body.get(name) is not None}
    call.world.save_instance(instance)


def _created(instance: Instance) -> dict[str, Any]:
    hook = instance.webhook or {}
    business = instance.integration == BUSINESS
    return {
        "instance": {
            "instanceName": instance.name,
            "instanceId": instance.id,
            "integration": instance.integration,
            "webhookWaBusiness": "/webhook/meta" if business else None,
            "accessTokenWaBusiness": "evolution" if business else "",
            "status": instance.state if instance.integration != BAILEYS else CLOSE,
        },
        "hash": instance.token,
        "webhook": {
            "webhookUrl": hook.get("url"),
            "webhookHeaders": hook.get("headers"),
            "webhookByEvents": hook.get("webhookByEvents"),
            "webhookBase64": hook.get("webhookBase64"),
        },
        "websocket": {},
        "rabbitmq": {},
        "nats": {},
        "sqs": {},
        "settings": instance.settings,
    }


async def connect(call: Call) -> web.Response:
    instance, state = call.instance, call.instance.state
    if state == OPEN:
        return answer(_state(instance))
    if instance.live.deleting or instance.integration != BAILEYS:
        return answer(SWALLOWED)
    if state == CLOSE:
        connection.connect(call.world, instance, call.request.query.get("number"))
        await asyncio.sleep(call.world.scaled(call.world.config.connect_seconds))
    return answer(instance.live.qr)


async def state(call: Call) -> web.Response:
    return answer(_state(call.instance))


def _state(instance: Instance) -> dict[str, Any]:
    """Without `state` when the instance is on its way out of memory."""
    known = {} if instance.live.deleting else {"state": instance.state}
    return {"instance": {"instanceName": instance.name, **known}}


async def fetch(call: Call) -> web.Response:
    query, found = call.request.query, list(call.world.instances.values())
    if not call.is_global:
        found = [instance for instance in found if instance.token == call.key]
        if not found:
            raise unauthorized()
    if wanted := query.get("instanceName") or query.get("instanceId"):
        found = [instance for instance in found if wanted in (instance.name, instance.id)]
        if not found:
            raise Refusal(404, [f'Instance "{wanted}" not found'])
    if number := query.get("number"):
        found = [
            instance for instance in found if number in (instance.number, (instance.owner_jid or "").split("@")[0])
        ]
    return answer([_row(call, instance) for instance in found])


def _row(call: Call, instance: Instance) -> dict[str, Any]:
    gone = instance.disconnection_at
    counts = {
        "Message": len(instance.live.by_id),
        "Contact": len(instance.contacts),
        "Chat": len(instance.live.chats),
    }
    return {
        "id": instance.id,
        "name": instance.name,
        "connectionStatus": instance.state,
        "ownerJid": instance.owner_jid,
        "profileName": instance.profile_name,
        "profilePicUrl": connection.picture_url(call.world, instance.owner_jid) if instance.owner_jid else None,
        "integration": instance.integration,
        "number": instance.number,
        "businessId": instance.business_id,
        "token": instance.token,
        "clientName": "evolution_exchange",
        "disconnectionReasonCode": instance.disconnection_code,
        "disconnectionObject": instance.disconnection_object,
        "disconnectionAt": ids.iso(gone) if gone else None,
        "createdAt": ids.iso(instance.created_at),
        "updatedAt": ids.iso(instance.updated_at),
        **dict.fromkeys(("Chatwoot", "Proxy", "Rabbitmq", "Nats", "Sqs", "Websocket")),
        "Setting": {**instance.settings, "instanceId": instance.id},
        "_count": counts,
    }


async def restart(call: Call) -> web.Response:
    """Drops the socket and dials again; a closed number answers 200 with `error`."""
    instance = call.instance
    if instance.state == CLOSE or instance.integration != BAILEYS:
        return answer(SWALLOWED)
    for rule in call.world.faults.list():
        if rule.params.get("until_restart") and rule.instance in (None, instance.name):
            call.world.faults.remove(rule.id)
    connection.connect(call.world, instance)
    return answer(instance.live.qr)


async def logout(call: Call) -> web.Response:
    if call.instance.state == CLOSE:
        raise bad_request(f'The "{call.instance.name}" instance is not connected')
    connection.close(call.world, call.instance, 401)
    return answer({"status": "SUCCESS", "error": False, "response": {"message": "Instance logged out"}})


async def delete(call: Call) -> web.Response:
    await connection.delete(call.world, call.instance)
    return answer({"status": "SUCCESS", "error": False, "response": {"message": "Instance deleted"}})


async def set_presence(call: Call) -> web.Response:
    check(call.body, "presence", more=_presence(call.body))
    needs_baileys(call.instance)
    needs_socket(call)
    return answer({"presence": call.body["presence"]}, 201)


def _presence(body: Any) -> list[str]:
    given = body.get("presence") if isinstance(body, dict) else None
    wrong = given is not None and given not in PRESENCES
    return [f"presence is not one of enum values: {','.join(PRESENCES)}"] if wrong else []
