"""An HTTP load generator that costs little: keep-alive connections, bytes prepared beforehand, one event loop."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Answers:
    """`waits` in seconds: from sending (closed loop) or from the due time (open loop) to the whole answer."""

    waits: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def good(self) -> int:
        return self.statuses.get(200, 0)

    @property
    def rate(self) -> float:
        return self.good / self.seconds

    def note(self, status: int, wait: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.waits.append(wait)


def post(path: str, body: bytes, headers: Sequence[str] = ()) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def get(path: str, headers: Sequence[str] = ()) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


class _Connection(asyncio.Protocol):
    """One request at a time; `done` hears of each answer and may give the next request."""

    def __init__(self, driver: "_Closed | _Open"):
        self._driver, self._buffer, self.since = driver, b"", 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._driver.ready(self)

    def send(self, request: bytes, since: float) -> None:
        assert self._transport is not None
        self.since = since
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = b""
        self._driver.answers.note(int(head[9:12]), time.perf_counter() - self.since)
        self._driver.ready(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._buffer or self._driver.is_running:
            self._driver.answers.note(0, time.perf_counter() - self.since)


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(b"content-length:")
    return int(lowered[start + 15 :].partition(b"\r\n")[0]) if start >= 0 else 0


class _Closed:
    def __init__(self, requests: Iterator[bytes], deadline: float):
        self.answers, self._requests, self._deadline = Answers(), requests, deadline
        self.is_running = True

    def ready(self, connection: _Connection) -> None:
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._deadline else None
        if request is not None:
            connection.send(request, now)


class _Open:
    def __init__(self) -> None:
        self.answers, self.is_running = Answers(), True
        self._free: deque[_Connection] = deque()
        self._due: deque[tuple[bytes, float]] = deque()

    def ready(self, connection: _Connection) -> None:
        if self._due:
            connection.send(*self._due.popleft())
        else:
            self._free.append(connection)

    def fire(self, request: bytes, due: float) -> None:
        if self._free:
            self._free.pop().send(request, due)
        else:
            self._due.append((request, due))


async def closed(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Answers:
    """As fast as the answers come, on `connections` at once."""
    driver = _Closed(requests, time.perf_counter() + seconds)
    started = time.perf_counter()
    links = await _connect(port, driver, connections)
    await asyncio.sleep(seconds + 0.3)
    driver.is_running = False
    driver.answers.seconds = min(time.perf_counter() - started, seconds)
    for link in links:
        link.close()
    await asyncio.sleep(0)
    return driver.answers


async def open_loop(
    port: int, requests: Sequence[bytes], *, rate: float, connections: int = 64, dues: list[float] | None = None
) -> Answers:
    """One request every 1/rate seconds whatever the answers do; waits count from the due time.

    `dues` collects the due times (perf_counter), one per request.
    """
    driver = _Open()
    links = await _connect(port, driver, connections)
    started = time.perf_counter() + 0.2
    for number, request in enumerate(requests):
        due = started + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        driver.fire(request, due)
        if dues is not None:
            dues.append(due)
    deadline = time.perf_counter() + 10
    while len(driver.answers.waits) < len(requests) and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)
    driver.is_running = False
    driver.answers.seconds = time.perf_counter() - started
    for link in links:
        link.close()
    await asyncio.sleep(0)
    return driver.answers


async def _connect(port: int, driver: _Closed | _Open, count: int) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    links = []
    for _ in range(count):
        _transport, link = await loop.create_connection(lambda: _Connection(driver), "127.0.0.1", port)
        links.append(link)
    return links
