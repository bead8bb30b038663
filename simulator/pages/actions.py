"""What the buttons of the pages do. Every one answers with the page it came from, so no script is needed."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from aiohttp import web

from simulator import connection, inbound, messages, receipts
from simulator.api.frame import WORLD
from simulator.config import change
from simulator.faults import BadFault
from simulator.inbound import BadMessage
from simulator.pages.views import active_faults, find
from simulator.state import OPEN, Instance, Message

Act = Callable[[web.Request, dict[str, Any]], Awaitable[str]]


def action(handler: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Run it with the form; the address it returns is shown next."""

    async def handle(request: web.Request) -> web.StreamResponse:
        form = dict(await request.post())
        try:
            where = await handler(request, form)
        except (BadMessage, BadFault, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        raise web.HTTPSeeOther(where)

    return handle


def phone_url(one: Instance, chat: str | None = None) -> str:
    base = f"/_sim/phone/{quote(one.name, safe='')}"
    return f"{base}/chat/{quote(chat, safe='@.')}" if chat else base


async def scan(request: web.Request, form: dict[str, Any]) -> str:
    one = find(request)
    connection.scan(request.app[WORLD], one)
    return phone_url(one)


async def lose(request: web.Request, form: dict[str, Any]) -> str:
    """ban, logout or drop."""
    world, one = request.app[WORLD], find(request)
    how = form.get("how")
    if how in ("ban", "logout") and one.state == OPEN:
        connection.close(world, one, 403 if how == "ban" else 401)
    elif how == "drop" and one.paired:
        connection.drop(world, one, 10)
    return str(form.get("back") or phone_url(one))


async def new_chat(request: web.Request, form: dict[str, Any]) -> str:
    one = find(request)
    body = {"from": form.get("from"), "name": form.get("name") or None, "text": form.get("text") or "Oi!"}
    style = str(form.get("as") or "pn")
    body |= {"missing_ninth": True} if style == "missing_ninth" else {"as": style}
    message = inbound.receive(request.app[WORLD], one, body)
    return phone_url(one, message.chat)


async def say(request: web.Request, form: dict[str, Any]) -> str:
    """The customer (or the owner on the business phone) writes in an open conversation."""
    world, one, chat = request.app[WORLD], find(request), request.match_info["jid"]
    body = _spoken(form)
    if not body:
        return phone_url(one, chat)
    if form.get("role") == "business":
        inbound.type_on_phone(world, one, {**body, "to": chat})
    elif chat.endswith("@g.us"):
        inbound.receive(world, one, {**body, "from": form.get("from") or "5511987654321", "group": chat})
    else:
        inbound.receive(world, one, {**body, "from": chat})
    return phone_url(one, chat)


def _spoken(form: dict[str, Any]) -> dict[str, Any] | None:
    text, file = str(form.get("text") or "").strip(), form.get("file")
    quote_id = {"quote": form["quote"]} if form.get("quote") else {}
    if isinstance(file, web.FileField) and file.filename:
        names = {"file_name": file.filename, "mimetype": file.content_type, "caption": text or None}
        kind = "sticker" if form.get("kind") == "sticker" else _kind(file.content_type)
        return {"kind": kind, "bytes": file.file.read(), **names, **quote_id}
    if form.get("kind"):
        return {"kind": form["kind"], **quote_id}
    return {"text": text, **quote_id} if text else None


def _kind(mimetype: str) -> str:
    return {"image": "image", "audio": "voice", "video": "video"}.get(mimetype.split("/")[0], "document")


async def read(request: web.Request, form: dict[str, Any]) -> str:
    world, one, chat = request.app[WORLD], find(request), request.match_info["jid"]
    for message in one.live.chats.get(chat, []):
        if message.from_me and one.state == OPEN:
            receipts.read_by_customer(world, one, message)
    return phone_url(one, chat)


async def typing(request: web.Request, form: dict[str, Any]) -> str:
    one, chat = find(request), request.match_info["jid"]
    inbound.show_typing(request.app[WORLD], one, chat, str(form.get("presence") or "composing"))
    return phone_url(one, chat)


async def on_message(request: web.Request, form: dict[str, Any]) -> str:
    """react, played, delete or edit."""
    world, one = request.app[WORLD], find(request)
    message = one.live.by_id.get(request.match_info["id"])
    if message is None:
        raise web.HTTPNotFound(text="Mensagem não encontrada.")
    _act(request, one, message, form)
    world.hub.tell(one.name, message.chat)
    return phone_url(one, message.chat)


def _act(request: web.Request, one: Instance, message: Message, form: dict[str, Any]) -> None:
    world, do = request.app[WORLD], form.get("do")
    if do == "react":
        emoji = str(form.get("emoji", "❤️"))
        inbound.receive(world, one, {"from": message.chat, "kind": "reaction", "target": message.key_id, "text": emoji})
    elif do == "played":
        receipts.read_by_customer(world, one, message, played=True)
    elif do == "delete" and message.origin != "api":
        messages.revoke(world, one, message)
    elif do == "edit" and message.origin != "api" and form.get("text"):
        messages.edit(world, one, message, str(form["text"]))


async def fault(request: web.Request, form: dict[str, Any]) -> str:
    """Switch a fault on for this number (or for all), for the next n times or until switched off."""
    name = request.match_info.get("name")
    count = str(form.get("count") or "").strip()
    body: dict[str, Any] = {"kind": form.get("kind"), "instance": name, "count": int(count) if count else None}
    if form.get("ms"):
        body["ms"] = int(str(form["ms"]))
    request.app[WORLD].faults.add(body)
    return panel_url(name)


async def fault_off(request: web.Request, form: dict[str, Any]) -> str:
    faults = request.app[WORLD].faults
    if form.get("id") == "all":
        for rule in active_faults(request.app[WORLD], request.match_info.get("name")):
            faults.remove(rule.id)
    else:
        faults.remove(int(str(form.get("id", 0))))
    return str(form.get("back") or panel_url(request.match_info.get("name")))


async def habits(request: web.Request, form: dict[str, Any]) -> str:
    """How many customers read and answer, in percent."""
    world, names = request.app[WORLD], ("read_probability", "reply_probability")
    values = {name: min(100, max(0, int(str(form[name])))) / 100 for name in names if str(form.get(name, "")) != ""}
    change(world.behaviour, values)
    world.save_settings()
    return panel_url(request.match_info.get("name"))


def panel_url(name: str | None) -> str:
    return f"/_sim/panel/{quote(name, safe='')}" if name else "/_sim/panel"
