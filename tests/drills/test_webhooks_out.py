"""The deliverer killed, Redis emptied, the database restarted while thousands of events are told: each is heard at least
once, those of one person for the first time in their order, and what ends is written down."""

import random
import signal
import time
import uuid
from collections import defaultdict

import pytest
from redis import Redis
from sqlalchemy import text

from app.core import facts
from app.core.context import acting
from app.core.db import release, transaction
from app.hooks import service
from tests.drills.conftest import Servers
from tests.drills.stage import Stage, wait_until
from tests.factories import Company, make_company
from tests.hooks.receiver import Receiver, receiver

pytestmark = pytest.mark.drill

PEOPLE, EACH, PATIENCE = 300, 10, 600


def tell(stage: Stage, company: Company, people: list[uuid.UUID]) -> None:
    with stage.app.app_context(), acting(company.actor()):
        facts.emit_many(("contact.updated", {"contact_id": person}) for person in people)
        release()


def unsettled(stage: Stage, company: Company) -> int:
    with stage.app.app_context():
        with acting(company.actor()), transaction() as session:
            count = session.scalar(text("SELECT count(*) FROM webhook_deliveries WHERE state <> 'delivered'"))
        release()
    return int(count)


def in_order(stage: Stage, company: Company) -> dict[str, list[str]]:
    """Ids by person as they were written."""
    found = defaultdict(list)
    with stage.app.app_context():
        with acting(company.actor()), transaction() as session:
            for row in session.execute(text("SELECT id, key FROM webhook_deliveries ORDER BY seq")):
                found[str(row.key)].append(str(row.id))
        release()
    return dict(found)


def first_heard(site: Receiver) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, person in dict.fromkeys(
        (one.headers["webhook-id"], one.json["data"]["contact_id"]) for one in site.heard
    ):
        found[person].append(name)
    return dict(found)


def test_killed_again_and_again_nothing_is_lost(stage: Stage, own_servers: Servers):
    chance = random.Random(3)
    with receiver() as site:
        with stage.app.app_context():
            company = make_company()
            with acting(company.actor()):
                service.create_webhook(site.url(), ["contact.*"])
            release()
        people = [uuid.uuid4() for _ in range(PEOPLE)]
        stage.start("hooks", "hooks2")
        for _turn in range(EACH):
            tell(stage, company, people)
        whole = PEOPLE * EACH
        for turn in range(4):
            wait_until(lambda turn=turn: len(site.heard) >= whole * (turn + 1) // 6, PATIENCE, "the next part")
            time.sleep(chance.uniform(0, 0.3))
            stage.kill("hooks" if turn % 2 else "hooks2")
            if turn == 1:
                Redis.from_url(stage.config.redis_url).flushall()
            if turn == 2:
                own_servers.restart_postgres(signal.SIGINT)
            stage.keep_alive()

        def done() -> bool:
            stage.keep_alive()
            return unsettled(stage, company) == 0

        took = wait_until(done, PATIENCE, "the end")
        wanted = in_order(stage, company)
        assert sum(map(len, wanted.values())) == whole
        assert first_heard(site) == wanted
        twice = len(site.heard) - whole
        print(f"\nwebhooks out: {whole} events, {twice} heard twice, settled {took:.0f} s after the last kill")  # noqa: T201
