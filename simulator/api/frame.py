"""The frame of every gateway call: body, licence, instance, key, faults, in that order (section 2)."""

import asyncio
import hmac
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from simulator.errors import CLOSED, NO_SOCKET, Refusal, bad_request, license_required
from simulator.faults import Rule
from simulator.state import BAILEYS, OPEN, Instance
from simulator.world import World

log = logging.getLogger("simulator.api")
WORLD = web.AppKey("world", World)
Handler = Callable[["Call"], Awaitable[web.StreamResponse]]
# How long a caller may be left hanging when nobody hangs up.
LONGEST_HANG = 3600.0


@dataclass
class Call:
    world: World
    request: web.Request
    body: Any
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _instance: Instance | None = None
    key: str = ""

    @property
    def instance(self) -> Instance:
        assert self._instance is not None
        return self._instance

    @property
    def is_global(self) -> bool:
        return same(self.key, self.world.api_key)


def answer(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def door(
    handler: Handler, *, area: str, instance: bool = True
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a gateway call. area (instance, settings, webhook, chat, send) narrows faults."""

    async def handle(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        try:
            call = Call(world, request, None, key=request.headers.get("apikey", ""))
            call.body, call.files = await _read(request)
            name = request.match_info.get("name")
            if world.faults.take("license", name, area=area):
                raise Refusal(503, body=license_required(world.url))
            if instance:
                call._instance = _named(world, name or "")
                _authorise(call)
            await _disturb(call, area, name)
            return await handler(call)
        except Refusal as refusal:
            return answer(refusal.body, refusal.status)
        except (AttributeError, KeyError, TypeError) as error:
            # A body nobody foresaw: the gateway stumbles just so, with JavaScript's words (section 2).
            log.exception("unforeseen body")
            return answer(Refusal(500, f"Cannot read properties of undefined ({error})").body, 500)

    return handle


def _named(world: World, name: str) -> Instance:
    if name not in world.instances:
        raise Refusal(404, [f'The "{name}" instance does not exist'])
    return world.instances[name]


def _authorise(call: Call) -> None:
    if not call.is_global and not same(call.key, call.instance.token):
        raise unauthorized()


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized")


async def _read(request: web.Request) -> tuple[Any, dict[str, tuple[str, bytes]]]:
    """The body: JSON, or a form whose file parts are kept apart."""
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    raw = await request.read()
    if not raw:
        return {}, {}
    if request.content_type != "application/json":
        return {}, {}
    try:
        return orjson.loads(raw), {}
    except orjson.JSONDecodeError as error:
        text = f"Unexpected token in JSON: {error.msg}"
        raise Refusal(400, text, error="Internal Server Error") from error


async def _read_form(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    form = await request.post()
    body, files = {}, {}
    for name, value in form.items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
        else:
            body[name] = int(value) if name == "delay" and str(value).isdigit() else value
    return body, files


async def _disturb(call: Call, area: str, name: str | None) -> None:
    """Faults that strike before anything happens."""
    take = call.world.faults.take
    if slow := take("latency", name, area=area):
        jitter = call.world.rng.uniform(0, slow.params.get("jitter_ms", 0))
        await asyncio.sleep(call.world.scaled((slow.params["ms"] + jitter) / 1000))
    for status in (429, 500, 502, 503):
        if rule := take(f"status_{status}", name, area=area):
            raise _status(status, rule)
    if take("reset_before", name, area=area):
        await reset(call.request)
    if rule := take("hang_before", name, area=area):
        await hang(call.request, rule)


def _status(status: int, rule: Rule) -> Refusal:
    text = {429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable"}.get(status)
    if text:  # a proxy or load balancer in front of the gateway
        return Refusal(status, body={"status": status, "error": text, "message": rule.params.get("text", text)})
    return Refusal(500, rule.params.get("text", "Cannot read properties of undefined (reading 'key')"))


async def reset(request: web.Request) -> None:
    """Cut the connection with a TCP reset instead of an answer."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await asyncio.sleep(0)
    raise asyncio.CancelledError


async def hang(request: web.Request, rule: Rule | None = None) -> None:
    """Say nothing until the caller hangs up (or `for_seconds` passed), then cut."""
    left = float(rule.params.get("for_seconds", LONGEST_HANG)) if rule else LONGEST_HANG
    while left > 0 and request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(min(0.2, left))
        left -= 0.2
    await reset(request)


def needs_baileys(instance: Instance) -> None:
    if instance.integration != BAILEYS:
        raise bad_request(f"Method not available on {_channel(instance)}")


def _channel(instance: Instance) -> str:
    return "WhatsApp Business API" if instance.integration == "WHATSAPP-BUSINESS" else "Evolution Channel"


def needs_socket(call: Call) -> None:
    """For calls other than sends: a living connection, or the gateway's own stumble."""
    if not call.instance.live.socket or call.world.faults.take("onwhatsapp", call.instance.name, area="chat"):
        raise Refusal(500, NO_SOCKET)
    if call.instance.state != OPEN:
        raise Refusal(500, CLOSED)


async def unknown(request: web.Request) -> web.StreamResponse:
    text = f"Cannot {request.method} {request.path}"
    return answer(Refusal(404, [text]).body, 404)
