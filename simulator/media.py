"""Bytes that travel: base64, files and addresses, as picky as the gateway (sections 1.8 and 6)."""

import asyncio
import base64
import binascii
import io
import ipaddress
import re
import uuid
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import filetype
from PIL import Image, UnidentifiedImageError

from simulator.errors import Refusal, bad_request
from simulator.world import World

LIMIT = 136 * 1024 * 1024
_HOST = re.compile(r"^([a-z0-9_-]+\.)+[a-z]{2,63}$", re.IGNORECASE)
_BASE64 = re.compile(r"^[A-Za-z0-9+/]+={0,2}$")
NOT_MEDIA = "Owned media must be a url or base64"


def is_url(text: str) -> bool:
    """http(s) with a dotted host name or an IP address: `localhost` is refused."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or re.search(r"\s", text):
        return False
    return bool(_HOST.match(host)) or _is_ip(host)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def decode(text: str) -> bytes | None:
    """The bytes of plain base64, or None for anything else (a data: prefix too)."""
    if not text or len(text) % 4 or not _BASE64.match(text):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


async def load(world: World, value: Any) -> bytes:
    """Bytes of what a caller passed as media; a refusal where the gateway refuses."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and is_url(value):
        return await _download(value)
    content = decode(value) if isinstance(value, str) else None
    if content is None:
        raise bad_request(NOT_MEDIA)
    return content


async def _download(url: str) -> bytes:
    timeout = aiohttp.ClientTimeout(total=60)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            if answer.status >= 400:
                raise Refusal(500, [f"AxiosError: Request failed with status code {answer.status}"])
            return await answer.content.read(LIMIT)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Refusal(500, [f"AxiosError: {error}"]) from error


def keep(world: World, content: bytes) -> str:
    name = uuid.uuid4().hex
    world.store.put_media(name, content)
    return name


def kind_of(content: bytes) -> str | None:
    """The MIME type told by the first bytes."""
    return filetype.guess_mime(content)


async def as_jpeg(content: bytes) -> bytes:
    if content[:3] == b"\xff\xd8\xff":
        return content
    return await asyncio.to_thread(_reencode, content)


def _reencode(content: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(content)) as image:
            out = io.BytesIO()
            image.convert("RGB").save(out, "JPEG", quality=85)
    except (UnidentifiedImageError, OSError) as error:
        raise Refusal(500, ["Error: Input buffer contains unsupported image format"]) from error
    return out.getvalue()


def dimensions(content: bytes) -> dict[str, int]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return {"height": image.height, "width": image.width}
    except (UnidentifiedImageError, OSError):
        return {}


def is_audio(content: bytes) -> bool:
    found = kind_of(content) or ""
    return found.startswith(("audio/", "video/"))


def ogg_seconds(content: bytes) -> int:
    """Length of an Ogg/Opus file from the position in its last page."""
    last = content.rfind(b"OggS")
    if last < 0 or len(content) < last + 14:
        return 0
    position = int.from_bytes(content[last + 6 : last + 14], "little", signed=True)
    return max(0, round(position / 48000))


def long_number(value: int) -> dict[str, Any]:
    """A 64-bit number the way protobuf's JavaScript shows it."""
    return {"low": value & 0xFFFFFFFF, "high": value >> 32, "unsigned": True}


def byte_object(content: bytes) -> dict[str, int]:
    """Binary fields come as objects with numeric keys (section 8.4)."""
    return {str(i): byte for i, byte in enumerate(content)}
