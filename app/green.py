"""The only module that knows the green web server; another server replaces this file and nothing else.

`eventlet` is imported inside the functions: workers import this module for `run_blocking` and stay free of it.
"""

import contextlib
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

BACKLOG = 2048  # bursts of webhooks wait here; with 50, the 51st waits a second for its SYN to be repeated
MOST_CONNECTIONS = 20_000  # eventlet's default of 1024 hangs the 1025th, idle sockets included
GRACE_SECONDS = 5.0
SETTLE_SECONDS = 0.3  # the server ends what it has let in and not yet read: let it read first
IDLE_SECONDS = 120.0
BUFFER = 4096  # larger pieces pass by it
ASYNC_MODE = "eventlet"

_patched = False


def patch() -> None:
    """Make the standard library cooperative. Before anything else is imported."""
    global _patched
    os.environ.setdefault("EVENTLET_THREADPOOL_SIZE", "2")  # one per core: more only starves the hub
    # Known and planned for: see the first line of this module.
    warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()
    _patched = True


def is_green() -> bool:
    return _patched


def run_blocking(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what holds the processor (bcrypt) without stalling the other requests; elsewhere just run it."""
    if not _patched:
        return call(*args, **kwargs)
    from eventlet import tpool

    return tpool.execute(call, *args, **kwargs)


def listen(host: str, port: int) -> Any:
    """A listening socket; raises OSError when the port is taken."""
    import eventlet

    _allow_many_files()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return eventlet.listen((host, port), family=family, backlog=BACKLOG, reuse_port=False)


def inherit(descriptor: int) -> Any:
    """A listening socket that whoever started this process had opened for it."""
    _allow_many_files()
    return socket.socket(fileno=descriptor)


def _allow_many_files() -> None:
    """Every open socket is a file, and the usual 1024 would end the server at the next one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + 1000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


class _Door:
    """A listener that can be closed to newcomers without a word lost: who is not yet in waits in the socket's queue,
    for the successor of this process if the socket outlives it."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener
        self.is_open = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)

    def accept(self) -> Any:
        import eventlet
        from eventlet.hubs import trampoline

        trampoline(self._listener, read=True)
        if not self.is_open:
            eventlet.sleep(GRACE_SECONDS * 2)  # until the server is ended
        return self._listener.accept()


def serve(app: Any, listener: Any) -> None:
    """Answer until SIGTERM or SIGINT, then finish the requests under way (at most GRACE_SECONDS)."""
    import eventlet
    from eventlet import wsgi

    class Protocol(wsgi.HttpProtocol):
        """Its buffers live as long as the connection, and a browser's socket is a connection that stays all day."""

        rbufsize = wbufsize = BUFFER

    door = _Door(listener)
    stopping: list[int] = []
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda number, _frame: stopping.append(number))
    server = eventlet.spawn(
        wsgi.server,
        door,
        app,
        max_size=MOST_CONNECTIONS,
        log_output=False,
        log=sys.stderr,
        debug=False,
        socket_timeout=IDLE_SECONDS,
        protocol=Protocol,
    )
    # A signal does not wake the hub; a timer does.
    while not stopping and not server.dead:
        eventlet.sleep(0.1)
    door.is_open = False
    eventlet.sleep(SETTLE_SECONDS)
    _finish(server)


def _finish(server: Any) -> None:
    """Stop accepting and wait for the rest; open sockets have no end of their own, so the wait is bounded."""
    import eventlet

    with eventlet.Timeout(GRACE_SECONDS, False):
        server.kill(SystemExit())
        server.wait()


def quicken(engine: Any) -> None:
    """Events straight into the sockets of an Engine.IO server.

    Its own way is a queue and a task per browser: for a small event that is nine tenths of the work. A socket that has
    something waiting, or takes no more at the moment, gets the event that way all the same, and in its turn. What
    browsers offer to compress is declined: a compressor per socket would be 300 KB for events of 100 bytes.
    """
    from engineio.async_drivers.eventlet import WebSocketWSGI

    class Kept(WebSocketWSGI):  # type: ignore[misc]
        """Its handler is a method of the Engine.IO socket, which learns its websocket here."""

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            owner, handler = self.handler.__self__, self.handler

            def keep(websocket: Any) -> Any:
                owner.websocket = websocket
                return handler(websocket)

            self.handler = keep
            return super().__call__(environ, start_response)

    usual = engine.send_packet

    def send_packet(sid: str, packet: Any) -> None:
        owner = engine.sockets.get(sid)
        websocket = getattr(owner, "websocket", None)
        is_free = websocket is not None and owner.upgraded and not owner.closed and not owner.queue.qsize()
        if not (is_free and _sent(websocket, packet)):
            usual(sid, packet)

    engine._async = {**engine._async, "websocket": Kept}
    engine.send_packet = send_packet


def _sent(websocket: Any, packet: Any) -> bool:
    """Without waiting. False when nothing was written: somebody is writing, or the other side reads too slowly."""
    import eventlet

    lock = websocket._sendlock
    if not lock.acquire(blocking=False):
        return False
    frame = packet.__dict__.get("frame")
    if frame is None:  # the same for everybody
        frame = packet.frame = websocket._pack_message(packet.encode())
    try:
        written = websocket.socket.fd.send(frame)
    except OSError:
        lock.release()
        return False
    if written < len(frame):
        eventlet.spawn_n(_send_rest, websocket, frame[written:])
    else:
        lock.release()
    return True


def _send_rest(websocket: Any, rest: bytes) -> None:
    """Holding the lock, so that no other frame comes between the parts of this one."""
    with contextlib.suppress(OSError):
        websocket.socket.sendall(rest)
    websocket._sendlock.release()
