"""A thousand browsers' sockets in one process: Engine.IO and Socket.IO by hand, as light as a client can be."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable

import aiohttp

PER_ADDRESS = 200  # the server counts connections per address; a loopback has many


class Sockets:
    """`heard(event, payload, at)` is called for each event of a listening socket; the others only keep alive.

    `is_bare`: the server speaks plain websockets, and sends what a Socket.IO server would have written.
    """

    def __init__(self, port: int, heard: Callable[[str, dict, float], None], *, is_bare: bool = False) -> None:
        path = "/" if is_bare else "/socket.io/?EIO=4&transport=websocket"
        self._url, self._heard, self._is_bare = f"http://127.0.0.1:{port}{path}", heard, is_bare
        self._sessions: list[aiohttp.ClientSession] = []
        self._readers: list[asyncio.Task[None]] = []

    async def open(self, auths: list[dict[str, str]]) -> None:
        for first in range(0, len(auths), PER_ADDRESS):
            address = f"127.0.0.{2 + len(self._sessions)}"
            connector = aiohttp.TCPConnector(limit=0, local_addr=(address, 0))
            self._sessions.append(aiohttp.ClientSession(connector=connector))
            for some in range(first, min(first + PER_ADDRESS, len(auths)), 20):
                batch = auths[some : min(some + 20, first + PER_ADDRESS)]
                await asyncio.gather(*(self._connect(self._sessions[-1], auth) for auth in batch))

    async def _connect(self, session: aiohttp.ClientSession, auth: dict[str, str]) -> None:
        socket = await session.ws_connect(self._url, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=2))
        if not self._is_bare:
            await self._greet(socket, auth)
        self._readers.append(asyncio.create_task(self._read(socket)))

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse, auth: dict[str, str]) -> None:
        await socket.receive_str()
        await socket.send_str("40" + json.dumps(auth))
        while not (answer := await socket.receive_str()).startswith("40"):
            if answer.startswith("44"):  # news may come before the answer; this is a refusal
                raise AssertionError(f"the socket was refused: {answer}")

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            at = time.perf_counter()
            if message.data == "2":
                await socket.send_str("3")
            elif isinstance(message.data, str) and message.data.startswith("42"):
                name, payload = json.loads(message.data[2:])
                self._heard(name, payload, at)

    async def close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for session in self._sessions:
            with contextlib.suppress(aiohttp.ClientError):
                await session.close()
