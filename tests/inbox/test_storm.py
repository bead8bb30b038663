"""The real web process and two events workers under a storm of webhooks: duplicates, any order, several numbers."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import urllib3
from socketio import SimpleClient

from app.core import background, realtime
from app.core.context import acting
from app.core.crypto import token_hash
from app.inbox import queries
from app.inbox.service import presence
from tests.clients import ApiClient
from tests.drills.stage import SECRET, Gateway, Stage, wait_until
from tests.factories import make_instance
from tests.gateways import payloads

NUMBERS, PEOPLE, WORDS, COPIES = 3, 6, 12, 4
PATIENCE = 300


@pytest.fixture
def stage(app, tmp_path: Path) -> Iterator[Stage]:
    config = app.extensions["recado"]
    stage = Stage(app, config, Gateway(tmp_path / "gateway", 1), scale=1.0, log=tmp_path / "log")
    try:
        yield stage
    finally:
        stage.close()


def wait_for_web(stage: Stage) -> str:
    url, http = f"http://127.0.0.1:{stage.web_port}", urllib3.PoolManager(retries=False)

    def answers() -> bool:
        try:
            return http.request("GET", f"{url}/healthz", timeout=5).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait_until(answers, PATIENCE, "the web process")
    return url


@pytest.fixture
def numbers(company):
    with acting(company.system):
        return [make_instance(webhook_secret_hash=token_hash(SECRET)).id for _ in range(NUMBERS)]


def words_of(number, person, n, copy, now):
    """One delivery: every other copy has other bytes, as a gateway that builds the event again."""
    body = orjson.loads(
        payloads.upsert(
            {"conversation": f"{person}:{n}"},
            key={"id": f"{number.hex[-6:]}P{person}N{n:02}".upper(), "remoteJid": f"55119812345{person:02}@s.whatsapp.net"},
            messageTimestamp=now - 60 * WORDS + 60 * n, pushName=f"Pessoa {person}",
        )
    )  # fmt: skip
    body["date_time"] = f"2026-03-02T14:03:11.{copy // 2:03}Z"
    return orjson.dumps(body)


def test_every_message_once_in_its_ticket_and_in_order(app, act, company, rows, stage, numbers):
    stage.start("web", "events", "events2")
    url, now, rng = wait_for_web(stage), int(datetime.now(UTC).timestamp()), random.Random(3)
    storm = [
        (number, words_of(number, person, n, copy, now))
        for number in numbers for person in range(PEOPLE) for n in range(WORDS) for copy in range(COPIES)
    ]  # fmt: skip
    storm += [(number, payloads.update(keyId=f"NOBODY{n}")) for number in numbers for n in range(20)]
    rng.shuffle(storm)
    http = urllib3.PoolManager(maxsize=16, retries=False)
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}

    def post(one: tuple[uuid.UUID, bytes]) -> int:
        return http.request(
            "POST", f"{url}/webhooks/evolution/{one[0]}", body=one[1], headers=headers, timeout=60
        ).status

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(post, storm[: len(storm) // 2]))
        stage.kill("events")  # half way one worker dies without a word
        statuses += Counter(pool.map(post, storm[len(storm) // 2 :]))
    assert statuses == {200: len(storm)}

    def settled() -> bool:
        stage.keep_alive()
        return not rows("SELECT 1 FROM inbound_events WHERE state = 'pending' LIMIT 1")

    wait_until(settled, PATIENCE, "the last event")
    assert rows("SELECT error FROM inbound_events WHERE state = 'dead'") == []
    assert Counter(row["body"] for row in rows("SELECT body FROM messages")) == {
        f"{person}:{n}": NUMBERS for person in range(PEOPLE) for n in range(WORDS)
    }
    tickets = rows("SELECT id, contact_id, instance_id, status, unread_count FROM tickets")
    assert {(row["status"], row["unread_count"]) for row in tickets} == {("pending", WORDS)}
    assert len({(row["contact_id"], row["instance_id"]) for row in tickets}) == len(tickets) == NUMBERS * PEOPLE
    with act("manager"):
        for row in tickets:
            said = [item.message.body for item in queries.thread(row["id"], limit=100).items if item.kind == "message"]
            person = said[0].partition(":")[0]
            assert said == [f"{person}:{n}" for n in range(WORDS)]


def test_presence_right_after_the_web_process_died(app, company, stage, monkeypatch):
    """Whoever comes back is here; whoever does not is offline when their entry runs out, and the others are told."""
    monkeypatch.setattr(realtime, "_emitter", None)
    realtime.connect_emitter(stage.config.redis_url)
    agent, manager = company.users["agent"], company.users["manager"]
    stage.start("web")
    url = wait_for_web(stage)
    leaver = connect(app, company, url, "agent")
    wait_until(lambda: set(presence.presence_of(company.tenant_id)) == {agent}, PATIENCE, "arrival")
    stage.kill("web")
    leaver.disconnect()
    assert set(presence.presence_of(company.tenant_id)) == {agent}  # nobody flickers because of a restart
    stage.start("web")
    wait_for_web(stage)
    back = connect(app, company, url, "manager")
    wait_until(lambda: manager in presence.presence_of(company.tenant_id), PATIENCE, "the return")
    key = presence._sockets(company.tenant_id)
    (stale,) = [entry for entry in background.redis().zrange(key, 0, -1) if str(agent) in entry.decode()]
    background.redis().zadd(key, {stale: 1})  # its minute is over, and nobody beats for it
    assert presence.sweep() == 1
    assert set(presence.presence_of(company.tenant_id)) == {manager}
    while (event := back.receive(timeout=PATIENCE)) != ["user:offline", {"user_id": str(agent), "status": "offline"}]:
        assert event[0] != "user:offline"
    back.disconnect()


def connect(app, company, url, role) -> SimpleClient:
    client = SimpleClient(reconnection=False)
    token = ApiClient.sign_in(app.test_client(), company, role).token
    client.connect(url, auth={"token": token}, transports=["websocket"], wait_timeout=60)
    return client
