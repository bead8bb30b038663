"""What gateways post, by the thousand, to the web server of a stage."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import urllib3
from sqlalchemy import text

from app.core.context import acting
from app.core.crypto import token_hash
from app.core.db import release, transaction
from app.instances.models import Instance
from tests.drills.stage import SECRET, Stage, wait_until
from tests.factories import Company, make_company, make_instance
from tests.gateways import payloads

_people = itertools.count(20_000_000)
_words = itertools.count(1)


@dataclass
class Told:
    """A company with numbers that hear; what was posted to each, and how the door answered."""

    stage: Stage
    company: Company
    numbers: list[uuid.UUID]
    posted: dict[str, uuid.UUID] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, maxsize=32))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, number: uuid.UUID, words: str = "Oi", *, person: str = "", again: bool = False) -> None:
        """One message of a customer; `again`: the gateway posts it twice."""
        key = f"E{next(_words):012d}"
        key_id = {"id": key, "remoteJid": f"55119{person or next(_people)}@s.whatsapp.net"}
        body = payloads.upsert({"conversation": words}, key=key_id, messageTimestamp=int(datetime.now(UTC).timestamp()))
        with self._lock:
            self.posted[key] = number
        for _turn in range(1 + again):
            self._deliver(number, body)

    def _deliver(self, number: uuid.UUID, body: bytes) -> None:
        """As a gateway does: until it was taken."""
        url = f"http://127.0.0.1:{self.stage.web_port}/webhooks/evolution/{number}"
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        for _try in range(240):
            began = time.monotonic()
            try:
                if self._http.request("POST", url, body=body, headers=headers, timeout=30).status == 200:
                    with self._lock:
                        self.seconds.append(time.monotonic() - began)
                    return
            except urllib3.exceptions.HTTPError:
                pass
            with self._lock:
                self.refused += 1
            threading.Event().wait(0.5)
        raise AssertionError("the door took nothing for two minutes")

    def storm(self, calls: Iterable[dict[str, Any]], rate: float, threads: int = 8) -> float:
        """So many a second; seconds it took."""
        began = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            waiting = []
            for n, call in enumerate(calls):
                threading.Event().wait(max(0.0, began + n / rate - time.monotonic()))
                waiting.append(pool.submit(self.say, **call))
            for one in waiting:
                one.result()
        return time.monotonic() - began

    def ask(self, question: str, **values: Any) -> Any:
        with self.stage.app.app_context():
            with acting(self.company.system), transaction() as session:
                found = session.execute(text(question), values).all()
            release()
        return found

    def pending(self) -> int:
        return int(self.ask("SELECT count(*) FROM inbound_events WHERE state = 'pending'")[0][0])

    def kept(self) -> dict[str, int]:
        """How often each message is in the ledger."""
        rows = self.ask("SELECT external_id, count(*) FROM messages WHERE direction = 'inbound' GROUP BY 1")
        return {row[0]: int(row[1]) for row in rows}

    def wait_read(self, seconds: float = 300) -> float:
        def nothing_left() -> bool:
            self.stage.keep_alive()
            return self.pending() == 0

        return wait_until(nothing_left, seconds, lambda: f"{self.pending()} pending")

    def assert_once(self, besides: Iterable[str] = ()) -> None:
        wanted = dict.fromkeys(self.posted, 1)
        for key in besides:
            del wanted[key]
        assert self.kept() == wanted


def make_told(stage: Stage, numbers: int) -> Told:
    with stage.app.app_context():
        company = make_company("Tempestade Ltda")
        found = []
        with acting(company.system):
            for _n in range(numbers):
                with transaction() as session:
                    instance = make_instance(base_url=stage.gateway.url)
                    found.append(instance.id)
                    session.get_one(Instance, instance.id).webhook_secret_hash = token_hash(SECRET)
        release()
    told = Told(stage, company, found)
    wait_until(lambda: stage.is_answering(), 120, "the web server")
    return told
