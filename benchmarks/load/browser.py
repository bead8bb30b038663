"""One signed-in browser through nginx: cookies, the forms' token, one socket, and every answer timed."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from benchmarks.browsers import connector_from, greet, listen
from benchmarks.load.meter import Timings
from benchmarks.load.site import Site
from tests.factories import PASSWORD

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
PATIENCE = aiohttp.ClientTimeout(total=60)
SIGN_IN, SOCKET = "entrar (senha, primeira página)", "abrir o socket"


class Browser:
    """`hear(event, payload, at)` is for those who add something to it."""

    def __init__(self, site: Site, email: str, address: str, timings: Timings) -> None:
        self.site, self.email, self.timings = site, email, timings
        self._address, self._token = address, ""
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def sign_in(self) -> None:
        connector = connector_from(self._address, self.site.trust)
        self._session = aiohttp.ClientSession(self.site.url, connector=connector, timeout=PATIENCE)
        await self._read_token("/login")
        form = {"email": self.email, "password": PASSWORD, "csrf_token": self._token}
        since = time.perf_counter()
        async with self._session.post("/login", data=form, headers=self._headers()) as answer:
            text = await answer.text()
            if answer.status != 200 or answer.url.path == "/login":
                raise AssertionError(f"{self.email} was not let in: {answer.status} {answer.url.path}")
        self.timings.note(SIGN_IN, time.perf_counter() - since)
        self._keep_token(text)
        await self._connect()
        self._reader = asyncio.create_task(self._listen())

    async def _connect(self) -> None:
        assert self._session is not None
        since = time.perf_counter()
        self._socket = await self._session.ws_connect(
            "/socket.io/?EIO=4&transport=websocket", origin=self.site.url, timeout=aiohttp.ClientWSTimeout(ws_close=2)
        )
        await greet(self._socket, {})
        self.timings.note(SOCKET, time.perf_counter() - since)

    async def _listen(self) -> None:
        """A socket that was lost is opened again, as the page does."""
        while self._socket is not None:
            await listen(self._socket, self.hear)
            self.timings.trouble(SOCKET, "caiu")
            await asyncio.sleep(1)
            with contextlib.suppress(aiohttp.ClientError, AssertionError, TimeoutError):
                await self._connect()
                self.back()

    def back(self) -> None:
        """News may have been missed."""

    def hear(self, event: str, payload: dict[str, Any], at: float) -> None:
        pass

    async def say(self, event: str, payload: dict[str, str]) -> None:
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str("42" + json.dumps([event, payload]))

    async def ask(
        self, kind: str, path: str, form: dict[str, str] | None = None, *, part: bool = True, may_be_gone: bool = False
    ) -> str:
        """`part`: as our scripts ask for a piece of a page. Empty when it failed, which is counted."""
        assert self._session is not None
        since = time.perf_counter()
        method = "GET" if form is None else "POST"
        try:
            async with self._session.request(method, path, data=form, headers=self._headers(part)) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.timings.trouble(kind, type(error).__name__)
            return ""
        if answer.status == 404 and may_be_gone:
            return ""
        if answer.status >= 400:
            self.timings.trouble(kind, str(answer.status))
            return ""
        self.timings.note(kind, time.perf_counter() - since)
        return text

    def _headers(self, part: bool = False) -> dict[str, str]:
        more = {"X-Requested-With": "fetch"} if part else {}
        return {"X-CSRFToken": self._token, "Referer": self.site.url + "/", "Accept": "text/html", **more}

    async def _read_token(self, path: str) -> None:
        assert self._session is not None
        async with self._session.get(path) as answer:
            self._keep_token(await answer.text())

    def _keep_token(self, page: str) -> None:
        found = _TOKEN.search(page)
        assert found, page[:300]
        self._token = found.group(1)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


class Calm:
    """One call at a time; calls meanwhile become one more; never closer than `gap` seconds, nor than `slow` times what
    the last one took: as js/inbox/http.js does it."""

    def __init__(self, work: Callable[[], Awaitable[Any]], gap: float, slow: float = 3.0) -> None:
        self._work, self._gap, self._slow = work, gap, slow
        self._task: asyncio.Task[None] | None = None
        self._again, self._ended, self._took = False, 0.0, 0.0

    def soon(self) -> None:
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            earliest = self._ended + max(self._gap, self._slow * self._took)
            await asyncio.sleep(max(0.0, earliest - time.perf_counter()))
            self._again, since = False, time.perf_counter()
            await self._work()
            self._ended = time.perf_counter()
            self._took = self._ended - since
            if not self._again:
                return

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
