"""Settings and the webhook of an instance (sections 4 and 5)."""

from typing import Any

from aiohttp import web

from simulator import ids
from simulator.api.frame import Call, answer
from simulator.api.schemas import check
from simulator.errors import Refusal, bad_request
from simulator.state import Instance
from simulator.webhooks import EVENTS
from simulator.world import World

_NEEDED = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")


async def set_settings(call: Call) -> web.Response:
    body = call.body if isinstance(call.body, dict) else {}
    wrong = [f"{name} is not of a type(s) boolean" for name in _NEEDED if not isinstance(body.get(name, True), bool)]
    check(body, *_NEEDED, more=wrong)
    names = (*_NEEDED, "msgCall", "wavoipToken")
    call.instance.settings |= {name: body[name] for name in names if name in body}
    call.world.save_instance(call.instance)
    settings = {"instanceName": call.instance.name, "settings": call.instance.settings}
    return answer({"settings": settings}, 201)


async def find_settings(call: Call) -> web.Response:
    return answer(call.instance.settings)


async def set_webhook(call: Call) -> web.Response:
    check(call.body, "webhook")
    hook = call.body["webhook"]
    missing = [f'webhook requires property "{name}"' for name in ("enabled", "url") if name not in hook]
    asked = enumerate(hook.get("events") or [])
    valid = ",".join(EVENTS)
    wrong = [f"webhook.events[{i}] is not one of enum values: {valid}" for i, name in asked if name not in EVENTS]
    if missing or wrong:
        raise bad_request(missing + wrong)
    if hook["enabled"] and "events" not in hook:
        raise Refusal(500, "Cannot read properties of undefined (reading 'length')")
    if hook["enabled"] and not str(hook["url"]).startswith(("http://", "https://")):
        raise bad_request('Invalid "url" property')
    configure(call.world, call.instance, hook)
    return answer(call.instance.webhook, 201)


async def find_webhook(call: Call) -> web.Response:
    return answer(call.instance.webhook)


def configure(world: World, instance: Instance, hook: dict[str, Any]) -> None:
    """Url and events count at once; base64 only when the number connects again (section 5)."""
    now = ids.iso(ids.now())
    old = instance.webhook or {"id": ids.database_id(), "createdAt": now}
    instance.webhook = {
        "id": old["id"],
        "url": hook["url"],
        "headers": hook.get("headers") or {},
        "enabled": bool(hook["enabled"]),
        "events": list(hook.get("events") or EVENTS),
        "webhookByEvents": bool(hook.get("byEvents")),
        "webhookBase64": bool(hook.get("base64")),
        "createdAt": old["createdAt"],
        "updatedAt": now,
        "instanceId": instance.id,
    }
    world.save_instance(instance)
