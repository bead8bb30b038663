"""More than the profile posts, and an event that makes its reader ill: every message is read once, nobody waits for ever."""

import os
import random
import statistics
import time

import pytest

from app.core.context import acting
from app.core.db import release
from app.webhooks import queries
from app.webhooks.service import deadletters
from tests.drills import ill_worker
from tests.drills.inbound import Told, make_told
from tests.drills.stage import Stage, wait_until
from tests.drills.test_send_queue import report

pytestmark = pytest.mark.drill

PROFILE = 1000 / 60  # messages a second
SECONDS = 20


def test_ten_times_the_profile(stage: Stage):
    """A tenth of it twice, as gateways do; the page of health is asked all the while."""
    told, chance = make_told(stage, 10), random.Random(7)
    people = [f"{40_000_000 + n}" for n in range(400)]
    calls = [
        {"number": chance.choice(told.numbers), "person": chance.choice(people), "again": chance.random() < 0.1}
        for _n in range(int(PROFILE * 10 * SECONDS))
    ]
    took = told.storm(calls, rate=PROFILE * 10)
    behind = told.wait_read()
    told.assert_once()
    answered = statistics.quantiles(told.seconds, n=20)[-1]
    report("webhook storm", messages=len(calls), posted_in_s=f"{took:.0f}", answered_p95_ms=f"{answered * 1000:.0f}",
           recovered_s=f"{behind:.1f}", lost=0, twice=0)  # fmt: skip


def test_a_poisoned_event_holds_up_nobody(stage: Stage):
    """One raises, one kills its reader every time; both become dead letters, and are read once the fault is mended."""
    stage.programs["events"] = ["-m", "tests.drills.ill_worker", "events"]
    stage.kill("events")
    told = make_told(stage, 2)
    ill, well = told.numbers
    for n in range(60):
        poison = {20: ill_worker.CRASHES.decode(), 40: ill_worker.RAISES.decode()}.get(n, "Oi")
        told.say(ill, poison, person="30000001")  # one conversation
        told.say(well, person="30000002")
    began = time.monotonic()
    stage.keep_alive()
    neighbours = _wait_for(told, well, 60, began)
    conversation = _wait_for(told, ill, 58, began)
    told.wait_read()
    dead = told.ask("SELECT id, error FROM inbound_events WHERE state = 'dead' ORDER BY id")
    assert [("survive" in row.error, "RuntimeError" in row.error) for row in dead] == [(True, False), (False, True)]
    stage.programs.clear()
    stage.kill("events")
    _replay_all(stage, told)
    mended = _wait_for(told, ill, 60, time.monotonic())
    told.assert_once()
    report("poisoned events", neighbours_s=f"{neighbours:.1f}", recovered_s=f"{conversation:.1f}", dead_letters=len(dead),
           replayed_s=f"{mended:.1f}", lost=0, twice=0)  # fmt: skip


def _wait_for(told: Told, number: object, count: int, began: float) -> float:
    def arrived() -> bool:
        told.stage.keep_alive()
        ((found,),) = told.ask("SELECT count(*) FROM messages WHERE instance_id = :number", number=number)
        return found >= count

    wait_until(
        arrived,
        120,
        lambda: str(told.ask("SELECT instance_id, state, error, count(*) FROM inbound_events GROUP BY 1, 2, 3")),
    )
    return time.monotonic() - began


def _replay_all(stage: Stage, told: Told) -> None:
    """As a person does on the page of failures."""
    with stage.app.app_context():
        with acting(told.company.actor("admin")):
            letters = queries.list_letters("inbound").items
            assert len(letters) == 2
            for letter in letters:
                deadletters.replay(letter.id)
        release()


def test_a_reader_that_leaks_is_replaced_between_two_jobs(stage: Stage):
    """Half a megabyte for every event: without end it would take all there is. It hands over in the middle of a shift."""
    limit = 300
    stage.programs["events"] = ["-m", "tests.drills.ill_worker", "events"]
    stage.extra.update({"LEAK_MB": "0.5", "WORKER_MEMORY_MB": str(limit)})
    stage.kill("events")
    stage.keep_alive()
    told = make_told(stage, 4)
    calls = [{"number": told.numbers[n % 4], "person": str(50_000_000 + n % 50)} for n in range(1000)]
    ends: list[int] = []
    gone: list[float] = []
    worker = stage.processes["events"]

    def look() -> None:
        nonlocal worker
        if (code := worker.poll()) is not None:
            ends.append(code)
            began = time.monotonic()
            stage.keep_alive()
            worker = stage.processes["events"]
            gone.append(began)

    for batch in range(0, len(calls), 100):
        told.storm(calls[batch : batch + 100], rate=200)
        look()

    def over() -> bool:
        look()
        return told.pending() == 0

    recovered = wait_until(over, 300, lambda: f"{told.pending()} pending")
    wait_until(lambda: (look(), ends)[1], 60, "a worker that leaves")
    told.assert_once()
    assert ends, "nobody left"
    assert set(ends) == {os.EX_OK}, "it left by itself, with its job done"
    report("memory leak", limit_mb=limit, restarts=len(ends), recovered_s=f"{recovered:.1f}", lost=0, twice=0)
