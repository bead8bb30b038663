"""What may go wrong while thousands of messages are on their way. Each drill ends with every message accounted for:
sent exactly once, or failed with its reason, or unconfirmed and on the list; nothing twice, nothing lost.
"""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable

import psutil
import psycopg2
import pytest
from redis import Redis
from sqlalchemy import text

from app.outbox.service import resend_unconfirmed
from tests.drills.conftest import Servers
from tests.drills.stage import Campaign, Stage, make_campaign, wait_until

pytestmark = pytest.mark.drill

MANY = 3000
SOME = 600


def report(drill: str, **figures: object) -> None:
    print(f"\n{drill}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))  # noqa: T201


def recovery(campaign: Campaign, seconds: float = 120) -> float:
    """Seconds until the next message leaves; 0 when nothing is left to send."""
    before = campaign.left()

    def goes_on() -> bool:
        campaign.stage.keep_alive()
        return campaign.left() > before or not campaign.waiting()

    return wait_until(goes_on, seconds, campaign.describe)


def while_sending(campaign: Campaign, act: Callable[[int], None], times: int, chance: random.Random) -> list[float]:
    """Do it at `times` moments spread over the campaign; how long each took to recover from."""
    took = []
    for turn in range(times):
        goal = campaign.count * (turn + 1) // (times + 2)
        wait_until(lambda goal=goal: campaign.left() >= goal or not campaign.waiting(), 120, campaign.describe)
        time.sleep(chance.uniform(0, 0.3))
        act(turn)
        began = time.monotonic()
        recovery(campaign)
        took.append(time.monotonic() - began)
    return took


def finish(drill: str, campaign: Campaign, began: float, took: list[float] | None = None, **rest: object) -> None:
    found = campaign.assert_accounted(seconds=240)
    figures = {"recovered_s": f"{max(took):.1f} (worst of {len(took)})"} if took else {}
    report(drill, **figures, **rest, took_s=f"{time.monotonic() - began:.0f}", **found)


def test_senders_killed_again_and_again(stage: Stage):
    campaign, began = make_campaign(stage, MANY, numbers=3), time.monotonic()
    chance = random.Random(9)
    kills = 0
    while campaign.waiting() and kills < 40:
        stage.kill(chance.choice(("send", "send2")))
        kills += 1
        stage.keep_alive()
        recovery(campaign)  # on a slow machine a sender must live long enough to send
        time.sleep(chance.uniform(0, 1.5))
    last = time.monotonic()
    finish("kill -9 of senders", campaign, began, kills=kills)
    report("after the last kill", settled_s=f"{time.monotonic() - last:.1f}")
    assert kills >= 5


def test_everybody_killed(stage: Stage):
    """Web, workers and cron at once, as when the machine runs out of memory."""
    campaign, began = make_campaign(stage, SOME), time.monotonic()

    def massacre(_turn: int) -> None:
        for name in stage.processes:
            stage.kill(name)
        stage.keep_alive()

    finish("kill -9 of everybody", campaign, began, while_sending(campaign, massacre, 3, random.Random(1)))


def test_senders_told_to_stop_leave_nothing_behind(stage: Stage):
    campaign, began = make_campaign(stage, SOME), time.monotonic()
    took = []

    def stop(_turn: int) -> None:
        for name in ("send", "send2"):
            asked = time.monotonic()
            assert stage.stop(name) in (0, -signal.SIGTERM)  # the latter: told before it had begun
            took.append(time.monotonic() - asked)
        assert not campaign.claimed()
        stage.keep_alive()

    while_sending(campaign, stop, 3, random.Random(2))
    found = campaign.assert_accounted(seconds=240)
    assert found.get("unconfirmed", 0) == 0  # a polite stop waits for the calls on the wire
    report("SIGTERM", left_in_s=f"{max(took):.1f}", took_s=f"{time.monotonic() - began:.0f}", **found)


def test_redis_flushed_and_restarted(stage: Stage, own_servers: Servers):
    campaign, began = make_campaign(stage, SOME * 2), time.monotonic()

    def lose(turn: int) -> None:
        if turn % 2:
            own_servers.restart_valkey()
        else:
            Redis.from_url(own_servers.valkey.url).flushall()
        stage.keep_alive()

    finish("Redis flushed and killed", campaign, began, while_sending(campaign, lose, 4, random.Random(3)))


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_postgres_restarted(stage: Stage, own_servers: Servers, sign: int):
    campaign, began = make_campaign(stage, SOME * 2, numbers=2), time.monotonic()

    def restart(_turn: int) -> None:
        own_servers.restart_postgres(sign)
        stage.keep_alive()

    took = while_sending(campaign, restart, 3, random.Random(4))
    finish(f"PostgreSQL restarted ({sign!r})", campaign, began, took)


@pytest.mark.parametrize("scale", [0.005])
def test_gateway_away_for_an_hour(stage: Stage, scale: float):
    campaign, began = make_campaign(stage, SOME), time.monotonic()
    wait_until(lambda: campaign.left() > SOME // 4, 60, campaign.describe)
    stage.gateway.kill()
    threading.Event().wait(3600 * scale)
    assert campaign.state().get("failed", 0) == 0  # no attempt is spent on a gateway that is away
    stage.gateway.start()
    finish("gateway away for an hour", campaign, began, [recovery(campaign)])


@pytest.mark.parametrize(
    "kind", ["status_503", "accept_reset", "accept_hang", "hang_before", "accept_error", "reset_before", "status_500"]
)
def test_gateway_in_trouble(stage: Stage, kind: str):
    """For a while every third call; then it is well again."""
    rest = {"for_seconds": 30} if "hang" in kind else {}
    campaign, began = make_campaign(stage, SOME, launch=False), time.monotonic()
    campaign.fault(kind, probability=0.34, count=30, **rest)
    campaign.open()
    wait_until(lambda: campaign.left() > 60 or not campaign.waiting(), 90, campaign.describe)
    campaign.mend()
    finish(kind, campaign, began, [recovery(campaign)])


def test_a_hanging_number_does_not_starve_the_others(stage: Stage):
    ill, well = make_campaign(stage, 100, launch=False), make_campaign(stage, 300, launch=False)
    ill.fault("hang_before", for_seconds=60)
    ill.open()
    well.open()
    began = time.monotonic()
    took = wait_until(lambda: not well.waiting(), 60, well.describe)
    assert ill.left() == 0
    ill.mend()
    finish("one number hangs", ill, began, others_done_s=f"{took:.1f}")
    well.assert_accounted()


def test_refused_after_acceptance_brakes_and_says_why(stage: Stage):
    campaign, began = make_campaign(stage, SOME), time.monotonic()
    wait_until(lambda: campaign.left() > 100, 60, campaign.describe)
    campaign.fault("error_ack")
    braked = wait_until(campaign.closed_reason, 60, campaign.describe)
    assert campaign.closed_reason() in ("error_receipts", "failures_in_a_row", "failure_share")
    stopped_at = campaign.left()
    threading.Event().wait(2)
    assert campaign.left() - stopped_at <= 16  # what was on the wire
    campaign.mend()
    campaign.open()
    found = campaign.assert_accounted(seconds=120, refused_after=True)
    assert found["failed"] >= 5
    report("463", braked_s=f"{braked:.1f}", took_s=f"{time.monotonic() - began:.0f}", **found)


def test_paused_and_resumed_a_hundred_times(stage: Stage):
    campaign, began = make_campaign(stage, SOME), time.monotonic()
    turns = 0
    while campaign.waiting() and turns < 100:
        campaign.close()
        campaign.open()
        turns += 1
    finish("pause and resume", campaign, began, turns=turns)


def test_a_person_sends_again_what_nobody_found(stage: Stage):
    campaign = make_campaign(stage, 60, launch=False)
    campaign.fault("reset_before", probability=0.2)
    campaign.open()
    found = campaign.assert_accounted(seconds=240)
    assert found["unconfirmed"] > 0
    campaign.mend()
    with campaign.acting() as session:
        wanted = session.scalars(text("SELECT id FROM messages WHERE status = 'unconfirmed' AND campaign_id = :c"),
                                 {"c": campaign.id}).all()  # fmt: skip
        assert resend_unconfirmed(wanted) == found["unconfirmed"]
    finish("sent again by a person", campaign, time.monotonic())
    assert campaign.left() == 60


def test_everything_at_once(stage: Stage, own_servers: Servers):
    """The same seed, the same accidents in the same order."""
    campaign, began = make_campaign(stage, MANY, numbers=3), time.monotonic()
    chance = random.Random(2026)
    for kind in ("accept_reset", "accept_status", "reset_before", "status_503", "rate_overlimit", "latency"):
        campaign.fault(kind, probability=0.004, **({"ms": 3000} if kind == "latency" else {}))
    for kind in ("early_ack", "repeat_ack", "reverse_ack", "webhook_duplicate", "webhook_reorder"):
        campaign.fault(kind, probability=0.1)
    accidents: list[Callable[[], object]] = [
        lambda: stage.kill("send"),
        lambda: stage.kill("send2"),
        lambda: stage.kill("events"),
        lambda: stage.kill("web"),
        lambda: own_servers.restart_postgres(signal.SIGINT),
        lambda: own_servers.restart_postgres(signal.SIGQUIT),
        lambda: Redis.from_url(own_servers.valkey.url).flushall(),
        own_servers.restart_valkey,
    ]
    happened = 0
    while campaign.waiting() and time.monotonic() - began < 90:
        time.sleep(chance.uniform(0.3, 2.0))
        chance.choice(accidents)()
        stage.keep_alive()
        happened += 1
    campaign.mend()
    campaign.open()  # chaos may have braked a number: a person looks and resumes
    finish("everything at once", campaign, began, accidents=happened)


def test_disk_full(stage: Stage, own_servers: Servers):
    """PostgreSQL can't write another byte, ends as it does then, and comes back when there is room."""
    campaign, began = make_campaign(stage, SOME), time.monotonic()
    wait_until(lambda: campaign.left() > SOME // 4, 120, campaign.describe)
    for process in [psutil.Process(own_servers.postgres.process.pid), *_children(own_servers)]:
        with contextlib.suppress(psutil.Error):
            process.rlimit(psutil.RLIMIT_FSIZE, (0, psutil.RLIM_INFINITY))
    wait_until(lambda: own_servers.postgres.process.poll() is not None or not _writes(own_servers), 120, "a full disk")
    own_servers.restart_postgres(signal.SIGQUIT)
    stage.keep_alive()
    finish("disk full", campaign, began, [recovery(campaign)])


def _children(own_servers: Servers) -> list[psutil.Process]:
    return psutil.Process(own_servers.postgres.process.pid).children(recursive=True)


def _writes(own_servers: Servers) -> bool:
    try:
        with contextlib.closing(psycopg2.connect(own_servers.postgres.superuser_url, connect_timeout=5)) as connection:
            with connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE room AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
                cursor.execute("DROP TABLE room")
    except psycopg2.Error:
        return False
    return True
