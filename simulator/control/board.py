"""The switchboard: settings, faults, the ledger, health, starting over."""

from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from simulator import numbers
from simulator.api.frame import answer
from simulator.config import Behaviour, change
from simulator.control.frame import Order
from simulator.faults import KINDS
from simulator.state import Instance, Message


async def healthz(order: Order) -> web.Response:
    world = order.world
    return answer(
        {
            "ok": True,
            "instances": len(world.instances),
            "messages": sum(len(one.live.by_id) for one in world.instances.values()),
            "webhooks": {
                "pending": world.webhooks.pending,
                "delivered": world.webhooks.delivered,
                "given_up": world.webhooks.given_up,
            },
        }
    )


async def instances(order: Order) -> web.Response:
    return answer([_summary(one) for one in order.world.instances.values()])


async def instance(order: Order) -> web.Response:
    return answer(_summary(order.instance))


def _summary(one: Instance) -> dict[str, Any]:
    return {
        "name": one.name,
        "id": one.id,
        "state": one.state,
        "owner": one.owner_jid,
        "profile_name": one.profile_name,
        "qr": bool(one.live.qr_code),
        "qr_count": one.live.qr["count"],
        "messages": len(one.live.by_id),
        "chats": len(one.live.chats),
        "webhook": (one.webhook or {}).get("url"),
    }


async def ledger(order: Order) -> web.Response:
    """Everything that left for a phone. `after` (a seq) and `limit` page it; `instance` narrows it."""
    query = order.request.query
    after, limit = int(query.get("after", 0)), int(query.get("limit", 1_000_000))
    found = [
        _row(one, message)
        for one in _asked(order)
        for message in one.messages()
        if message.origin != "customer" and message.seq > after
    ]
    found.sort(key=lambda row: row["seq"])
    return answer(found[:limit])


def _asked(order: Order) -> list[Instance]:
    name = order.request.query.get("instance")
    return [one for one in order.world.instances.values() if name in (None, one.name)]


def _row(one: Instance, message: Message) -> dict[str, Any]:
    return {
        "seq": message.seq,
        "instance": one.name,
        "key_id": message.key_id,
        "to": message.chat,
        "number": message.number,
        "kind": message.message_type,
        "text": message.text,
        "file_name": message.file_name,
        "at": message.at,
        "times": message.times,
        "received": message.received,
        "status": message.status,
        "origin": message.origin,
        "outcome": message.outcome,
    }


async def summary(order: Order) -> web.Response:
    """Totals, and who got the same thing more than once."""
    sent = [(one, m) for one in _asked(order) for m in one.messages() if m.origin == "api"]
    same = Counter((one.name, m.chat, m.message_type, m.text, m.file_name) for one, m in sent)
    repeated = [
        {"instance": name, "to": chat, "kind": kind, "text": text, "times": times}
        for (name, chat, kind, text, _), times in same.items()
        if times > 1
    ]
    return answer(
        {
            "left": len(sent),
            "received": sum(m.received for _, m in sent),
            "people": len({m.chat for _, m in sent}),
            "by_status": Counter(m.status for _, m in sent),
            "by_outcome": Counter(m.outcome or "lost" for _, m in sent),
            "repeated": repeated,
        }
    )


async def list_faults(order: Order) -> web.Response:
    rules = [asdict(rule) for rule in order.world.faults.list()]
    return answer({"faults": rules, "kinds": {kind: label for kind, (_, label, _) in KINDS.items()}})


async def add_fault(order: Order) -> web.Response:
    rule = order.world.faults.add(order.body)
    order.world.hub.tell("*", "state")
    return answer(asdict(rule), 201)


async def clear_faults(order: Order) -> web.Response:
    order.world.faults.clear(order.request.query.get("instance"))
    return answer({"faults": len(order.world.faults.list())})


async def remove_fault(order: Order) -> web.Response:
    if not order.world.faults.remove(int(order.request.match_info["id"])):
        raise web.HTTPNotFound(text="no such fault")
    return answer({"faults": len(order.world.faults.list())})


async def get_config(order: Order) -> web.Response:
    return answer({"config": asdict(order.world.config), "behaviour": asdict(order.world.behaviour)})


async def set_config(order: Order) -> web.Response:
    """Any field of Config and, under `behaviour`, of Behaviour; `instance` limits these to one number."""
    world, body = order.world, dict(order.body)
    name, habits = body.pop("instance", None), body.pop("behaviour", {})
    if name is not None and (body or name not in world.instances):
        raise ValueError("`instance` goes with `behaviour` only, and must exist")
    seed = world.config.seed
    change(world.config, body)
    if world.config.seed != seed:
        world.reseed()
    if name is None:
        change(world.behaviour, habits)
    else:
        _habits_of(order, world.instances[name], habits)
    world.save_settings()
    return await get_config(order)


def _habits_of(order: Order, one: Instance, habits: dict[str, Any]) -> None:
    own: Behaviour = replace(one.behaviour or order.world.behaviour)
    change(own, habits)
    one.behaviour = own
    order.world.save_instance(one)


async def reset(order: Order) -> web.Response:
    """Start over; `{"keep_instances": true}` forgets only messages and faults."""
    world = order.world
    world.webhooks.cancel_all()
    if order.body.get("keep_instances"):
        world.forget_messages()
        world.reseed()
        return answer({"instances": len(world.instances)})
    for one in world.instances.values():
        if one.live.task:
            one.live.task.cancel()
    world.start_over()
    return answer({"instances": 0})


async def person(order: Order) -> web.Response:
    """How WhatsApp knows a number: canonical address, opaque id, and whether it exists."""
    jid = numbers.address(order.request.match_info["number"])
    exists = order.world.on_whatsapp(jid)
    return answer(
        {
            "jid": jid,
            "lid": numbers.lid_of(jid),
            "exists": exists,
            "without_ninth": numbers.without_ninth(jid),
        }
    )
