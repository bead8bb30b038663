"""Connections that wait for an answer's head so long and no longer, however slowly it drips.

A socket's timeout counts from byte to byte; here one watching thread hangs up on whoever is late in all.
"""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

LOOK_EVERY = 0.25


@dataclass
class _Call:
    sock: Any
    deadline: float
    is_late: bool = False


_watched: dict[int, _Call] = {}
_numbers = itertools.count()
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def _watch(sock: Any, seconds: Any) -> Iterator[None]:
    """Raises TimeoutError at the end when it was hung up: to the reader the end of a connection can look like the end
    of the headers."""
    if sock is None or not isinstance(seconds, int | float):
        yield
        return
    number, call = next(_numbers), _Call(sock, time.monotonic() + seconds)
    _watched[number] = call
    _start()
    try:
        yield
    finally:
        _watched.pop(number, None)
    if call.is_late:
        raise TimeoutError("the answer's head took too long")


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
        for call in list(_watched.values()):
            if now > call.deadline and not call.is_late:
                call.is_late = True
                with contextlib.suppress(OSError):
                    call.sock.shutdown(socket.SHUT_RDWR)


class BoundedConnection(HTTPConnection):
    def getresponse(self) -> Any:
        with _watch(self.sock, self.timeout):
            return super().getresponse()


class BoundedTLSConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        with _watch(self.sock, self.timeout):
            return super().getresponse()
