"""The pages: all numbers, one phone, one conversation, the fault switches."""

import heapq
from typing import Any
from urllib.parse import quote

from aiohttp import web

from simulator import connection, numbers
from simulator.api.frame import WORLD, answer
from simulator.faults import AFTER, BEFORE, KINDS, RECEIPT, WEBHOOK
from simulator.pages import words
from simulator.pages.render import page
from simulator.state import Instance
from simulator.world import World

_STAGES = (
    (BEFORE, "Antes de enviar", "O pedido falha e nada sai."),
    (AFTER, "Depois de enviar", "A mensagem sai de verdade, mas quem pediu não fica sabendo direito."),
    (RECEIPT, "Recibos", "O que acontece com os tiques."),
    (WEBHOOK, "Avisos (webhooks)", "Como os avisos chegam ao sistema."),
)


async def home(request: web.Request) -> web.StreamResponse:
    """A browser gets the page; everybody else the gateway's greeting."""
    if "text/html" not in request.headers.get("Accept", ""):
        return answer(_greeting(request.app[WORLD]))
    return await board(request)


def _greeting(world: World) -> dict[str, object]:
    return {
        "status": 200,
        "message": "Welcome to the Evolution API, it is working!",
        "version": world.config.version,
        "clientName": "evolution_exchange",
        "manager": f"{world.url}/manager",
        "documentation": "https://doc.evolution-api.com",
        "whatsappWebVersion": "2.3000.1025091414",
    }


async def board(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    return page("home.html", instances=_rows(world), faults=active_faults(world, None), watch="*")


async def board_part(request: web.Request) -> web.StreamResponse:
    return page("_numbers.html", instances=_rows(request.app[WORLD]))


def _rows(world: World) -> list[dict[str, Any]]:
    rows = [{"one": one, "last": _last(one)} for one in world.instances.values()]
    return sorted(rows, key=lambda row: words.title(row["one"]).lower())


def _last(one: Instance) -> float | None:
    return next(reversed(one.live.by_id.values())).at if one.live.by_id else None


def _waiting(one: Instance, chat: str) -> int:
    """Messages to this customer that nobody read yet."""
    return sum(1 for m in one.live.chats[chat] if m.from_me and m.received and m.status in _UNREAD)


_UNREAD = ("PENDING", "SERVER_ACK", "DELIVERY_ACK")


def find(request: web.Request) -> Instance:
    name = request.match_info["name"]
    found = request.app[WORLD].instances.get(name)
    if found is None:
        raise web.HTTPNotFound(text=f"O número “{name}” não existe no simulador.")
    return found


async def phone(request: web.Request) -> web.StreamResponse:
    world, one = request.app[WORLD], find(request)
    chat = request.match_info.get("jid")
    chat = one.chat_of(chat) if chat else None
    values = {"one": one, "watch": one.name, "faults": active_faults(world, one.name)}
    return page("phone.html", **values, chats=_chats(one), **_conversation(one, chat))


async def state_part(request: web.Request) -> web.StreamResponse:
    return page("_state.html", one=find(request))


async def chats_part(request: web.Request) -> web.StreamResponse:
    one = find(request)
    return page("_chats.html", one=one, chats=_chats(one), chat=request.query.get("chat"))


async def chat_part(request: web.Request) -> web.StreamResponse:
    one = find(request)
    return page("_messages.html", one=one, **_conversation(one, request.match_info["jid"]))


def _chats(one: Instance) -> list[dict[str, Any]]:
    """The latest three hundred: a campaign may have reached a hundred thousand."""
    latest = heapq.nlargest(300, one.live.chats.items(), key=lambda chat: chat[1][-1].seq)
    return [
        {"jid": jid, "name": words.person(one, jid), "last": said[-1], "unread": _waiting(one, jid)}
        for jid, said in latest
    ]


def _conversation(one: Instance, chat: str | None) -> dict[str, Any]:
    """The last two hundred bubbles; reactions hang on the message they answer."""
    said = one.live.chats.get(chat or "", [])[-200:]
    reactions: dict[str, str] = {}
    for message in said:
        if message.message_type == "reactionMessage":
            node = message.message["reactionMessage"]
            reactions[node["key"]["id"]] = node["text"]
    return {
        "chat": chat,
        "person": words.person(one, chat) if chat else "",
        "is_group": numbers.is_group(chat or ""),
        "messages": [m for m in said if m.message_type != "reactionMessage"],
        "reactions": reactions,
        "typing": one.live.presence.get(chat or ""),
    }


async def panel(request: web.Request) -> web.StreamResponse:
    world, name = request.app[WORLD], request.match_info.get("name")
    one = find(request) if name else None
    stages = [
        (title, hint, [(kind, label) for kind, (where, label, _) in KINDS.items() if where == stage])
        for stage, title, hint in _STAGES
    ]
    values = {"one": one, "stages": stages, "faults": active_faults(world, name), "labels": KINDS, "watch": name or "*"}
    return page("panel.html", **values, behaviour=world.habits(one) if one else world.behaviour)


def active_faults(world: World, name: str | None) -> list[Any]:
    return [rule for rule in world.faults.list() if name is None or rule.instance in (None, name)]


async def scan(request: web.Request) -> web.StreamResponse:
    """Where the QR code leads: a click or a real camera."""
    world, code = request.app[WORLD], request.match_info["code"]
    one = next((i for i in world.instances.values() if i.live.qr_code == code), None)
    if one is None:
        return page("scanned.html", one=None, watch="*")
    if request.method == "POST":
        connection.scan(world, one)
        raise web.HTTPSeeOther(f"/_sim/phone/{_quoted(one.name)}")
    return page("scanned.html", one=one, code=code, watch=one.name)


def _quoted(text: str) -> str:
    return quote(text, safe="")
