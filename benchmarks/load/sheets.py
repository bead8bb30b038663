"""Spreadsheets, one after the other, through the API."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

from benchmarks import seeds
from benchmarks.browsers import connector_from
from benchmarks.load.site import Site

ADDRESS = "127.0.0.8"
PAUSE_SECONDS = 10.0


@dataclass
class Sheets:
    """`done`: rows and seconds of each one, from the upload to its end."""

    site: Site
    token: str
    rows: int
    done: list[tuple[int, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    is_over: bool = False
    _first: int = 1_000_000

    async def bring(self, *, once: bool = False) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        connector = connector_from(ADDRESS, self.site.trust)
        async with aiohttp.ClientSession(self.site.url, connector=connector, headers=headers) as http:
            while not self.is_over:
                try:
                    await self._bring_one(http)
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.failed.append(type(error).__name__)
                if once:
                    return
                for _ in range(int(PAUSE_SECONDS * 2)):
                    await asyncio.sleep(0 if self.is_over else 0.5)

    async def _bring_one(self, http: aiohttp.ClientSession) -> None:
        since, form = time.perf_counter(), aiohttp.FormData()
        form.add_field("file", self._sheet(), filename="clientes.csv", content_type="text/csv")
        async with http.post("/api/v1/contacts/import", data=form) as answer:
            told = await answer.json()
            if answer.status != 202:
                self.failed.append(f"{answer.status} {told.get('title', '')}")
                await asyncio.sleep(5)
                return
        while told["status"] not in ("completed", "failed", "cancelled"):
            await asyncio.sleep(0.5)
            async with http.get(f"/api/v1/contacts/imports/{told['id']}") as answer:
                told = await answer.json()
        if told["status"] == "completed":
            self.done.append((self.rows, time.perf_counter() - since))
        else:
            self.failed.append(str(told.get("error")))

    def _sheet(self) -> bytes:
        """Always other people."""
        self._first += self.rows
        rows = range(self._first, self._first + self.rows)
        lines = [f"Maria de Souza {n};{seeds.phone_of(n)};maria{n}@exemplo.com.br;Recife" for n in rows]
        return "\n".join(["Nome;Telefone;E-mail;Cidade", *lines]).encode()
