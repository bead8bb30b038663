"""What people do in their browsers: attend, supervise, watch a campaign, look around."""

import asyncio
import contextlib
import random
import re
import time
import uuid
from collections import Counter, defaultdict
from typing import Any

from benchmarks.load.browser import Browser, Calm

LIST, THREAD, OPEN, PARTS = "lista do inbox", "conversa: novidades", "abrir uma conversa", "conversa: painel"
READ, REPLY, ONE = "marcar como lida", "responder", "conversa: uma mensagem"
PROGRESS, LEDGER, BOARD, PAGE = "campanha ao vivo", "campanha: livro de envios", "painel ao vivo", "página"
ANSWER_EVERY = 3  # words of a customer
THINK = (0.4, 1.2)  # seconds: ten people for a thousand words a minute have no more
LOOK = (4.0, 14.0)
SAFETY_SECONDS = 45.0
_MESSAGE = re.compile(r'id="m-([0-9a-f-]{36})"')
_CONTACT = re.compile(r'href="/contacts/([0-9a-f-]{36})"')


class Worker(Browser):
    """Somebody with something to do until told that it is over. Before that the socket only listens."""

    is_at_work = is_over = False
    rng = random.Random(3)

    async def work(self) -> None:
        self.is_at_work = True
        await self.stay()

    async def stay(self) -> None:
        raise NotImplementedError

    async def rest(self, span: tuple[float, float]) -> None:
        ends = time.perf_counter() + self.rng.uniform(*span)
        while not self.is_over and (left := ends - time.perf_counter()) > 0:
            await asyncio.sleep(min(left, 0.5))


class InInbox(Worker):
    """The page is open: its list follows every event. `told`: when this browser heard of a message."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.told: dict[str, float] = {}
        self.list = Calm(lambda: self.ask(LIST, "/inbox/list?limit=40"), 0.4)

    def hear(self, event: str, payload: dict[str, Any], _at: float) -> None:
        if event == "message:new":
            self.told.setdefault(payload["message_id"], time.time())
        if self.is_at_work and event.startswith(("ticket:", "message:")) and event != "ticket:typing":
            self.list.soon()

    async def stay(self) -> None:
        await self.ask(f"{PAGE} /inbox", "/inbox", part=False)
        while not self.is_over:
            await self.rest((SAFETY_SECONDS, SAFETY_SECONDS))
            self.list.soon()
        self.list.stop()


class Attendant(InInbox):
    """Opens what has news, reads, answers. `answers`: by conversation, in the order in which they were accepted."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.seen: dict[str, float] = {}
        self.answers: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._waiting: dict[str, bool] = {}
        self._unanswered: Counter[str] = Counter()
        self._wake, self._ticket = asyncio.Event(), ""
        self._thread = Calm(lambda: self._look(THREAD, f"/inbox/{self._ticket}/thread"), 0.25)
        self._mark = Calm(lambda: self.ask(READ, f"/inbox/{self._ticket}/read", {}), 1.0)
        self._parts = Calm(lambda: self.ask(PARTS, f"/inbox/{self._ticket}/parts"), 0.3)
        self._changed: set[str] = set()
        self._redraw = Calm(self._draw_changed, 0.3)

    def hear(self, event: str, payload: dict[str, Any], at: float) -> None:
        super().hear(event, payload, at)
        ticket = payload.get("ticket_id") or ""
        if event in ("message:new", "ticket:new") and ticket:
            self._waiting[ticket] = True
            self._unanswered[ticket] += event == "message:new"
            self._wake.set()
        if self._ticket and ticket == self._ticket:
            if event == "message:update" and payload.get("message_id") in self.seen:
                self._changed.add(payload["message_id"])
                self._redraw.soon()
            elif event.startswith("message:"):
                self._thread.soon()
            if event == "message:new":
                self._mark.soon()

    def back(self) -> None:
        self._waiting.update(dict.fromkeys(self._unanswered, True))
        self._wake.set()

    async def _draw_changed(self) -> None:
        some, self._changed = list(self._changed), set()
        if len(some) > 4:
            await self._look(THREAD, f"/inbox/{self._ticket}/thread")
            return
        for message in some:
            await self.ask(ONE, f"/inbox/messages/{message}")

    async def _look(self, kind: str, path: str) -> bool:
        """Whether it was there to be seen."""
        page, now = await self.ask(kind, path, may_be_gone=kind == OPEN), time.time()
        for message in _MESSAGE.findall(page):
            self.seen.setdefault(message, now)
        return bool(page)

    async def stay(self) -> None:
        await self.ask(f"{PAGE} /inbox", "/inbox", part=False)
        while not self.is_over or self._waiting:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 0.5)
            self._wake.clear()
            while self._waiting:
                await self._attend(next(iter(self._waiting)))
        for one in (self.list, self._thread, self._mark, self._parts, self._redraw):
            one.stop()

    async def _attend(self, ticket: str) -> None:
        self._waiting.pop(ticket)
        if not await self._look(OPEN, f"/inbox/{ticket}"):
            return  # a colleague's: the queue was told of it, and then one of them got it
        if self._ticket:
            await self.say("ticket:unsubscribe", {"ticket_id": self._ticket})
        self._ticket = ticket
        await self.say("ticket:subscribe", {"ticket_id": ticket})
        self._mark.soon()
        await self.rest(THINK)
        if self._unanswered[ticket] >= ANSWER_EVERY:
            self._unanswered[ticket] = 0
            await self._reply(ticket)

    async def _reply(self, ticket: str) -> None:
        text, key = f"{ticket} {len(self.answers[ticket])}", str(uuid.uuid4())
        since = time.time()
        for _try in range(3):  # with the same key, as the page does
            said = await self.ask(REPLY, f"/inbox/{ticket}/reply", {"client_key": key, "type": "text", "body": text})
            if said:
                self.answers[ticket].append((text, since))
                self.seen.update(dict.fromkeys(_MESSAGE.findall(said), time.time()))
                break
        self.list.soon()
        self._parts.soon()


class Watcher(Worker):
    """A running campaign is open; its figures follow the events."""

    def __init__(self, campaign: uuid.UUID, *given: Any) -> None:
        super().__init__(*given)
        self._path, self._id = f"/campaigns/{campaign}", str(campaign)
        self._live = Calm(lambda: self.ask(PROGRESS, f"{self._path}/progress"), 0.8, 0.0)

    def hear(self, event: str, payload: dict[str, Any], _at: float) -> None:
        if self.is_at_work and event == "campaign:progress" and payload.get("campaign_id") in (None, self._id):
            self._live.soon()

    async def stay(self) -> None:
        await self.ask(f"{PAGE} {short(self._path)}", self._path, part=False)
        while not self.is_over:
            await self.rest((30.0, 30.0))
            await self.ask(LEDGER, f"{self._path}/ledger")
        self._live.stop()


class Walker(Worker):
    """From page to page, some seconds on each. The board of the first page keeps itself true."""

    PAGES = ("/", "/inbox?tab=all", "/contacts", "/contacts?q=maria+1{n}", "/contacts/{id}", "/campaigns", "/instances",
             "/metrics", "/templates", "/settings/profile")  # fmt: skip
    _board_is_open = False

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._board = Calm(lambda: self.ask(BOARD, "/dashboard/now"), 3.0, 0.0)

    def hear(self, event: str, _payload: dict[str, Any], _at: float) -> None:
        if self._board_is_open and event in ("message:new", "message:update", "campaign:progress"):
            self._board.soon()

    async def stay(self) -> None:
        contacts: list[str] = []
        await self.rest((0.0, LOOK[1]))
        while not self.is_over:
            path = self.rng.choice(self.PAGES)
            if "{id}" in path and not contacts:
                path = "/contacts"
            path = path.format(n=self.rng.randrange(100), id=self.rng.choice(contacts or [""]))
            page = await self.ask(f"{PAGE} {short(path)}", path, part=False)
            contacts = _CONTACT.findall(page) or contacts
            self._board_is_open = path == "/"
            await self.rest(LOOK)
        self._board.stop()


def short(path: str) -> str:
    """`/contacts/…` for one of them, `/contacts?q` for a search."""
    head, _, query = path.partition("?")
    one = re.sub(r"/[0-9a-f-]{36}", "/…", head)
    return f"{one}?{query.partition('=')[0]}" if query else one
