"""Bytes for the pages: media of messages, avatars, live news."""

import asyncio
import io
from urllib.parse import quote

from aiohttp import web
from PIL import Image, ImageDraw

from simulator import media
from simulator.api.frame import WORLD
from simulator.pages import words
from simulator.pages.views import find

_COLOURS = (
    "#00a884",
    "#1d7fb8",
    "#8a5fc7",
    "#c2577a",
    "#c9722b",
    "#6b8a2a",
    "#3d8f8f",
    "#a94f4f",
    "#5467c4",
    "#88713a",
)


async def of_message(request: web.Request) -> web.StreamResponse:
    one = find(request)
    message = one.live.by_id.get(request.match_info["id"])
    content = request.app[WORLD].store.media(message.media) if message and message.media else None
    if message is None or content is None:
        raise web.HTTPNotFound(text="Arquivo não encontrado.")
    found = media.kind_of(content) or "application/octet-stream"
    # A document could be a page with a script: it is only ever downloaded.
    shown = found.startswith(("image/", "audio/", "video/"))
    name = quote(message.file_name or message.key_id)
    disposition = f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}"
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return web.Response(body=content, content_type=found, headers=headers)


async def avatar(request: web.Request) -> web.StreamResponse:
    user = request.match_info["user"]
    image = Image.new("RGB", (96, 96), _COLOURS[words.hue(user) % len(_COLOURS)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((32, 18, 64, 50), fill="#ffffff")
    draw.ellipse((16, 56, 80, 130), fill="#ffffff")
    out = io.BytesIO()
    image.save(out, "PNG")
    return web.Response(body=out.getvalue(), content_type="image/png")


async def news(request: web.Request) -> web.StreamResponse:
    """Server-sent events: each line names what changed; the page fetches it again."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        await response.write(b"retry: 2000\n\n")
        async for topics in request.app[WORLD].hub.watch(request.query.get("of", "*")):
            lines = "".join(f"data: {topic}\n\n" for topic in sorted(topics)) or ": still here\n\n"
            await response.write(lines.encode())
    except (ConnectionError, asyncio.CancelledError):
        pass
    return response
