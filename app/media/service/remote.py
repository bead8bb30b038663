"""Files that messages name by address. We fetch them, and hand the gateway bytes: given the address, it would follow
redirects into networks that only it can see. One fetch serves a whole campaign."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from app.core.errors import AppError
from app.core.outbound import OutboundError, fetch
from app.media.service.storing import LARGEST, inspect

TIMEOUT = 20.0
KEEP_SECONDS = 300.0
FAILED_SECONDS = 15.0
KEEP_BYTES = 64 * 1024 * 1024
KEEP_FILES = 200


@dataclass(frozen=True)
class Remote:
    data: bytes = field(repr=False)
    mime_type: str
    file_name: str


class _Shelf:
    """The last few files by address, bounded in age and bytes; one thread fetches, the others wait for it. A failure is
    remembered too, for a moment: a thousand messages must not each wait for a dead address."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Remote | Exception]] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, url: str) -> Remote:
        with self._guard:
            lock = self._locks.setdefault(url, threading.Lock())
        with lock:
            found = self._fresh(url) or self._fetch(url)
        if isinstance(found, Exception):
            raise found
        return found

    def clear(self) -> None:
        with self._guard:
            self._kept.clear()

    def _fresh(self, url: str) -> Remote | Exception | None:
        with self._guard:
            until, found = self._kept.get(url, (0.0, None))
        return found if time.monotonic() < until else None

    def _fetch(self, url: str) -> Remote | Exception:
        found: Remote | Exception
        try:
            found, patience = _fetched(url), KEEP_SECONDS
        except (AppError, OutboundError) as error:
            found, patience = error, FAILED_SECONDS
        with self._guard:
            self._kept[url] = (time.monotonic() + patience, found)
            self._kept.move_to_end(url)
            while len(self._kept) > 1 and self._is_full():
                self._locks.pop(self._kept.popitem(last=False)[0], None)
        return found

    def _is_full(self) -> bool:
        return len(self._kept) > KEEP_FILES or sum(map(_weight, self._kept.values())) > KEEP_BYTES


def _weight(entry: tuple[float, Remote | Exception]) -> int:
    return len(entry[1].data) if isinstance(entry[1], Remote) else 0


_shelf = _Shelf()


def read_remote(url: str) -> Remote:
    """In workers only. Raises Invalid or TooLarge for what may not be sent, OutboundError for what isn't there."""
    return _shelf.get(url)


def forget_remote() -> None:
    _shelf.clear()


def _fetched(url: str) -> Remote:
    found = fetch(url, LARGEST, TIMEOUT)
    with found.body:
        file = inspect(found.body, unquote(urlsplit(found.url).path))
        data = file.source if isinstance(file.source, bytes) else file.source.read()
    return Remote(data, file.type.mime, file.name)
