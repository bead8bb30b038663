"""Somebody's system at its barest: takes any POST, answers 200, tells at GET how many came."""

import asyncio
import sys

_count = 0
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"


class _Peer(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        global _count
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            start = head.lower().find(b"content-length:")
            size = int(head[start + 15 :].partition(b"\r\n")[0]) if start >= 0 else 0
            if len(rest) < size:
                return
            self._buffer = rest[size:]
            if head.startswith(b"POST"):
                _count += 1
                self._transport.write(_OK)
            else:
                told = str(_count).encode()
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Peer, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
