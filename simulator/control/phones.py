"""What happens at the phones: scanning, writing, reading, deleting, losing the connection."""

from aiohttp import web

from simulator import connection, inbound, messages, receipts
from simulator.api.frame import answer
from simulator.control.frame import Order
from simulator.state import OPEN, RANK


async def scan(order: Order) -> web.Response:
    if not connection.scan(order.world, order.instance):
        return answer({"error": "there is no QR code to scan now"}, 409)
    return answer({"state": order.instance.state, "owner": order.instance.owner_jid})


async def scan_all(order: Order) -> web.Response:
    scanned = [name for name, one in order.world.instances.items() if connection.scan(order.world, one)]
    return answer({"scanned": scanned})


async def ban(order: Order) -> web.Response:
    return _closed(order, 403)


async def logout(order: Order) -> web.Response:
    return _closed(order, 401)


async def close(order: Order) -> web.Response:
    return _closed(order, int(order.body.get("code", 401)))


def _closed(order: Order, code: int) -> web.Response:
    connection.close(order.world, order.instance, code)
    return answer({"state": order.instance.state, "code": code})


async def drop(order: Order) -> web.Response:
    """The network fails for `seconds`; null = until somebody restarts the instance."""
    seconds = order.body.get("seconds", 5)
    connection.drop(order.world, order.instance, None if seconds is None else float(seconds))
    return answer({"state": order.instance.state})


async def receive(order: Order) -> web.Response:
    message = inbound.receive(order.world, order.instance, order.body)
    return answer(messages.wire(order.world, order.instance, message), 201)


async def type_on_phone(order: Order) -> web.Response:
    message = inbound.type_on_phone(order.world, order.instance, order.body)
    return answer(messages.wire(order.world, order.instance, message), 201)


async def typing(order: Order) -> web.Response:
    chat = order.instance.chat_of(str(order.body["from"]))
    inbound.show_typing(order.world, order.instance, chat, str(order.body.get("presence", "composing")))
    return answer({"from": chat})


async def read_chat(order: Order) -> web.Response:
    """The customer opens the conversation: everything sent to them is read."""
    chat = order.instance.chat_of(order.request.match_info["jid"])
    mine = [message for message in order.instance.live.chats.get(chat, []) if message.from_me]
    for message in mine:
        if order.instance.state == OPEN:
            receipts.read_by_customer(order.world, order.instance, message)
    return answer({"read": len(mine)})


async def read(order: Order) -> web.Response:
    receipts.read_by_customer(order.world, order.instance, order.message)
    return answer({"status": order.message.status})


async def played(order: Order) -> web.Response:
    receipts.read_by_customer(order.world, order.instance, order.message, played=True)
    return answer({"status": order.message.status})


async def status(order: Order) -> web.Response:
    """Force one receipt, whatever came before."""
    wanted = str(order.body.get("status"))
    if wanted not in (*RANK, "ERROR", "DELETED"):
        raise ValueError(f"unknown status {wanted!r}")
    receipts.apply(order.world, order.instance, order.message, wanted)
    return answer({"status": order.message.status})


async def delete(order: Order) -> web.Response:
    messages.revoke(order.world, order.instance, order.message)
    return answer({"deleted": order.message.key_id})


async def edit(order: Order) -> web.Response:
    messages.edit(order.world, order.instance, order.message, str(order.body["text"]))
    return answer({"edited": order.message.key_id})


async def repeat(order: Order) -> web.Response:
    """The same message comes again, with the same id (section 12.1)."""
    order.world.webhooks.emit(
        order.instance, "messages.upsert", messages.wire(order.world, order.instance, order.message)
    )
    return answer({"repeated": order.message.key_id})


async def event(order: Order) -> web.Response:
    """Post any event with any data (`extra` goes into the envelope): for shapes that nobody foresaw."""
    name, extra = str(order.body["event"]), order.body.get("extra", {})
    task = order.world.webhooks.emit(order.instance, name, order.body.get("data"), **extra)
    return answer({"subscribed": task is not None})
