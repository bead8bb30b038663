"""Connections that wait for an answer's head so long and no longer, however slowly it drips.

A socket's timeout counts from byte to byte; here one watching thread hangs up on whoever is late in all.
"""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

LOOK_EVERY = 0.25

_watched: dict[int, tuple[float, Any]] = {}
_numbers = itertools.count()
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def _watch(sock: Any, seconds: Any) -> Iterator[None]:
    if sock is None or not isinstance(seconds, int | float):
        yield
        return
    number = next(_numbers)
    _watched[number] = (time.monotonic() + seconds, sock)
    _start()
    try:
        yield
    finally:
        _watched.pop(number, None)


def _start() -> None:
    global _thread
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_look, name="hang-up", daemon=True)
            _thread.start()


def _look() -> None:
    while True:
        time.sleep(LOOK_EVERY)
        now = time.monotonic()
        for number, (deadline, sock) in list(_watched.items()):
            if now > deadline:
                _watched.pop(number, None)
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class BoundedConnection(HTTPConnection):
    def getresponse(self) -> Any:
        with _watch(self.sock, self.timeout):
            return super().getresponse()


class BoundedTLSConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        with _watch(self.sock, self.timeout):
            return super().getresponse()
