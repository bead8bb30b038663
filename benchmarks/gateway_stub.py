"""A gateway that only takes texts: answers after a wait and remembers when each arrived.

`python -m benchmarks.gateway_stub PORT WAIT_MS`; `GET /log` gives `[[number, seconds since 1970], …]` and forgets it;
`GET /said` gives `[[recipient, text, seconds since 1970], …]`, all of it.
Functional tests use the simulator; this one is only cheap.
"""

import asyncio
import itertools
import json
import sys
import time
from typing import Any

_arrivals: list[tuple[str, float]] = []
_said: list[tuple[str, str, float]] = []
_serial = itertools.count()


class Connection(asyncio.Protocol):
    def __init__(self, wait: float) -> None:
        self._wait, self._buffer = wait, b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = b""
        method, path = head.partition(b"\r\n")[0].decode().split(" ")[:2]
        if method == "POST":
            _arrivals.append((path.rsplit("/", 1)[1], time.time()))
            asked = json.loads(body)
            if "number" not in asked:  # a mark as read, a state: nothing that leaves
                self._answer(201, b"{}")
                return
            _said.append((asked["number"], asked.get("text", ""), time.time()))
            answer = _accepted(asked["number"])
            asyncio.get_running_loop().call_later(self._wait, self._answer, 201, answer)
        else:
            self._answer(200, json.dumps(_said if path == "/said" else _arrivals).encode())
            if path == "/log":
                _arrivals.clear()

    def _answer(self, status: int, body: bytes) -> None:
        lines = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(lines.encode() + body)


def _length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].partition(b"\r\n")[0]) if start >= 0 else 0


def _accepted(number: str) -> bytes:
    digits = number.partition("@")[0]
    key = {"remoteJid": f"{digits}@s.whatsapp.net", "fromMe": True, "id": f"3EB0{next(_serial):016X}"}
    message = {"conversation": "…"}
    answer = {"key": key, "status": "PENDING", "message": message, "messageType": "conversation"}
    return json.dumps({**answer, "messageTimestamp": int(time.time()), "source": "unknown"}).encode()


async def main(port: int, wait_ms: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(wait_ms / 1000), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
