"""A thousand browsers' sockets in one process: Engine.IO and Socket.IO by hand, as light as a client can be."""

import asyncio
import contextlib
import json
import ssl
import time
import uuid
from collections.abc import Callable
from socket import AF_INET

import aiohttp

PER_ADDRESS = 200  # the server counts connections per address; a loopback has many


class Sockets:
    """`heard(event, payload, at)` is called for each event of a listening socket; the others only keep alive.

    `is_bare`: the server speaks plain websockets, and sends what a Socket.IO server would have written.
    `trust`: the port is nginx's, which shares the browsers out over its web processes by their cookie.
    """

    def __init__(
        self,
        port: int,
        heard: Callable[[str, dict, float], None],
        *,
        is_bare: bool = False,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        path = "/" if is_bare else "/socket.io/?EIO=4&transport=websocket"
        origin = f"https://localhost:{port}" if trust else f"http://127.0.0.1:{port}"
        self._url, self._heard, self._is_bare, self._trust = origin + path, heard, is_bare, trust
        self._sessions: list[aiohttp.ClientSession] = []
        self._readers: list[asyncio.Task[None]] = []

    async def open(self, auths: list[dict[str, str]]) -> None:
        for first in range(0, len(auths), PER_ADDRESS):
            address = f"127.0.0.{2 + len(self._sessions)}"
            connector = connector_from(address, self._trust)
            self._sessions.append(aiohttp.ClientSession(connector=connector))
            for some in range(first, min(first + PER_ADDRESS, len(auths)), 20):
                batch = auths[some : min(some + 20, first + PER_ADDRESS)]
                await asyncio.gather(*(self._connect(self._sessions[-1], auth) for auth in batch))

    async def _connect(self, session: aiohttp.ClientSession, auth: dict[str, str]) -> None:
        route = {"Cookie": f"recado_route={uuid.uuid4().hex}"} if self._trust else {}
        socket = await session.ws_connect(
            self._url, headers=route, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=2)
        )
        if not self._is_bare:
            await greet(socket, auth)
        self._readers.append(asyncio.create_task(listen(socket, self._heard)))

    async def close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for session in self._sessions:
            with contextlib.suppress(aiohttp.ClientError):
                await session.close()


def connector_from(address: str, trust: ssl.SSLContext | None = None) -> aiohttp.TCPConnector:
    """Connections of a browser whose address that is."""
    return aiohttp.TCPConnector(limit=0, local_addr=(address, 0), ssl=trust or True, family=AF_INET)


async def greet(socket: aiohttp.ClientWebSocketResponse, auth: dict[str, str]) -> None:
    await socket.receive_str()
    await socket.send_str("40" + json.dumps(auth))
    while not (answer := await socket.receive_str()).startswith("40"):
        if answer.startswith("44"):  # news may come before the answer; this is a refusal
            raise AssertionError(f"the socket was refused: {answer}")


async def listen(socket: aiohttp.ClientWebSocketResponse, heard: Callable[[str, dict, float], None]) -> None:
    """Until it ends."""
    async for message in socket:
        at = time.perf_counter()
        if message.data == "2":
            await socket.send_str("3")
        elif isinstance(message.data, str) and message.data.startswith("42"):
            name, payload = json.loads(message.data[2:])
            heard(name, payload, at)
