"""JSON in, JSON out, plain words when something is wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from simulator.api.frame import WORLD, answer
from simulator.config import BadSetting
from simulator.faults import BadFault
from simulator.inbound import BadMessage
from simulator.state import Instance, Message
from simulator.world import World


@dataclass
class Order:
    world: World
    request: web.Request
    body: dict[str, Any]

    @property
    def instance(self) -> Instance:
        name = self.request.match_info["name"]
        if name not in self.world.instances:
            raise web.HTTPNotFound(text=f"no instance {name!r}")
        return self.world.instances[name]

    @property
    def message(self) -> Message:
        key_id = self.request.match_info["id"]
        if key_id not in self.instance.live.by_id:
            raise web.HTTPNotFound(text=f"no message {key_id!r}")
        return self.instance.live.by_id[key_id]


Obey = Callable[[Order], Awaitable[web.StreamResponse]]


def door(handler: Obey) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            body = await _body(request)
            return await handler(Order(request.app[WORLD], request, body))
        except (BadFault, BadMessage, BadSetting, ValueError, TypeError) as error:
            return answer({"error": str(error)}, 400)
        except web.HTTPNotFound as error:
            return answer({"error": error.text}, 404)

    return handle


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type == "multipart/form-data":
        return await _form(request)
    raw = await request.read()
    body = orjson.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be an object")
    return body


async def _form(request: web.Request) -> dict[str, Any]:
    """From the pages: a file becomes `bytes`, the rest is text."""
    body: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            body |= {"bytes": value.file.read(), "file_name": value.filename, "mimetype": value.content_type}
        else:
            body[name] = value
    return body
