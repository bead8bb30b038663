"""Handing out stored files: parts for players, caching by content, and nothing that a browser would run."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, current_app, request

from app.core.db import release
from app.core.storage import storage
from app.ui.ranges import find_part

# A file's own address never runs anything, even if a browser were fooled about its type.
POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class Stored:
    """`etag` changes with the content; `is_inline`: a browser may show it, as `mime`."""

    key: str
    name: str
    mime: str
    size: int
    etag: str
    is_inline: bool = False


def file_response(file: Stored) -> Response:
    headers = _headers(file)
    if file.etag in request.if_none_match:
        return Response(status=304, headers=headers)
    if handed := _hand_over(file.key):
        return Response(status=200, headers={**headers, "X-Accel-Redirect": handed})
    try:
        part = find_part(_wanted_range(file.etag), file.size)
    except ValueError:
        return Response(status=416, headers={**headers, "Content-Range": f"bytes */{file.size}"})
    release()  # the bytes may take minutes
    if part is None:
        return _answer(storage().open(file.key), 200, file.size, headers)
    chunks = storage().open(file.key, part.start, part.length)
    return _answer(chunks, 206, part.length, {**headers, "Content-Range": part.header(file.size)})


def _hand_over(key: str) -> str:
    """The address at which the proxy in front finds it on its disk, and sends it in the application's stead; empty
    where there is no such proxy, or no such file (then the answer is our page)."""
    prefix: str = current_app.extensions["recado"].accel_redirect
    path = storage().local_path(key) if prefix else None
    return prefix + key if path and path.is_file() else ""


def _wanted_range(etag: str) -> str | None:
    """A range of another version of the file is answered with the whole."""
    condition = request.headers.get("If-Range")
    return request.headers.get("Range") if condition in (None, f'"{etag}"') else None


def _answer(chunks: Iterator[bytes], status: int, length: int, headers: dict[str, str]) -> Response:
    return Response(chunks, status=status, headers={**headers, "Content-Length": str(length)})


def _headers(file: Stored) -> dict[str, str]:
    return {
        "Content-Type": file.mime if file.is_inline else "application/octet-stream",
        "Content-Disposition": disposition("inline" if file.is_inline else "attachment", file.name),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=3600",
        "ETag": f'"{file.etag}"',
        "Accept-Ranges": "bytes",
    }


def disposition(how: str, name: str) -> str:
    """`attachment` or `inline`, with the name for old and new browsers."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
