"""The go, which re-reads everything: what stops a message in its last moment, and when the next may start."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.contacts.service.people import opt_out
from app.outbox.models import Lane
from app.outbox.service import update_lane_pace
from tests.factories import make_contact
from tests.outbox.desk import TODAY, Desk, new_campaign, outbox, queue, sql


def test_go_starts_once(desk, number):
    (wanted,) = queue(number)
    (claim,) = desk.take(number)
    assert desk.start(claim) == "go"
    assert outbox(wanted).state == "sending"
    assert outbox(wanted).started_at is not None
    assert desk.start(claim) == "lost"


def test_go_is_lost_to_another_owner_attempt_or_a_lease_that_is_over(desk, number):
    (wanted,) = queue(number)
    (claim,) = desk.take(number)
    stranger = Desk("stranger")
    stranger.stamps = desk.stamps
    assert stranger.start(claim) == "lost"
    stranger.close()
    sql("UPDATE outbox SET attempt = 2 WHERE message_id = :m", m=wanted)
    assert desk.start(claim) == "lost"
    sql("UPDATE outbox SET attempt = 1, lease = clock_timestamp() - interval '1 ms' WHERE message_id = :m", m=wanted)
    assert desk.start(claim) == "lost"
    assert outbox(wanted).started_at is None


SETTINGS = {
    "tenant": "UPDATE tenants SET safe_mode = true WHERE id = :t",
    "held": "UPDATE instance_pace SET hold = 'unavailable' WHERE instance_id = :i",
    "stale": "UPDATE instances SET updated_at = clock_timestamp() WHERE id = :i",
    "closed": "UPDATE send_lanes SET is_open = false WHERE instance_id = :i",
    "opted_out": "UPDATE contacts SET opted_out_at = now() WHERE tenant_id = :t",
    "blocked": "UPDATE contacts SET is_blocked = true WHERE tenant_id = :t",
    "deleted": "UPDATE contacts SET deleted_at = now() WHERE tenant_id = :t",
    "lost": "DELETE FROM outbox WHERE instance_id = :i",
}
MORE = [
    ("tenant", "UPDATE tenants SET is_active = false WHERE id = :t"),
    ("held", "UPDATE instances SET is_active = false WHERE id = :i"),
    ("held", "UPDATE instances SET deleted_at = now() WHERE id = :i"),
    ("held", "UPDATE outbox SET held = 'restored' WHERE instance_id = :i"),
    ("stale", "UPDATE send_lanes SET updated_at = clock_timestamp() WHERE instance_id = :i"),
    ("closed", "DELETE FROM send_lanes WHERE instance_id = :i"),
]


@pytest.mark.parametrize(("verdict", "change"), [*SETTINGS.items(), *MORE])
def test_what_changed_between_claim_and_go_stops_the_go(desk, company, number, owner_engine, verdict, change):
    (wanted,) = queue(number, campaign=new_campaign([number]))
    (claim,) = desk.take(number)
    with owner_engine.begin() as connection:
        connection.execute(text(change), {"t": company.tenant_id, "i": number} if ":t" in change and ":i" in change
                           else ({"t": company.tenant_id} if ":t" in change else {"i": number}))  # fmt: skip
    assert desk.start(claim) == verdict
    if verdict != "lost":
        assert outbox(wanted).started_at is None


def test_an_opt_out_stops_campaigns_and_not_a_conversation(desk, number):
    person = make_contact("Ana").id
    (answer,) = queue(number, lane=Lane.HIGH, contact=person)
    opt_out(person, source="message")
    (claim,) = desk.take(number)
    assert claim.message_id == answer
    assert desk.start(claim) == "go"


def test_hours_and_caps_hold_campaigns_and_the_api_but_not_answers(desk, number):
    queue(number, 1)
    (claim,) = desk.take(number)
    past = datetime.now(UTC) - timedelta(seconds=1)
    assert desk.start(claim, open_until=past) == "hours"
    assert desk.start(claim, cap=0) == "go"  # nothing went today: the count is of another day
    queue(number, 1, lane=Lane.NORMAL)
    (claim,) = desk.take(number)
    assert desk.start(claim, cap=1) == "cap"
    assert desk.start(claim, cap=1, today=TODAY + timedelta(days=1)) == "go"
    queue(number, 1, lane=Lane.HIGH)
    (claim,) = desk.take(number)
    assert desk.start(claim, cap=1, open_until=past, today=TODAY + timedelta(days=1)) == "go"


def test_a_campaign_s_own_cap_counts_its_own_goes(desk, number):
    campaign = new_campaign([number], daily_cap=1)
    queue(number, 2, campaign=campaign)
    first, second = desk.take(number, want=2)
    assert desk.start(first, lane_cap=1) == "go"
    assert desk.start(second, lane_cap=1) == "lane_cap"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    desk.give_back(second.message_id, second.attempt, tomorrow)
    assert desk.take(number) == []
    assert outbox(second.message_id).state == "queued"
    (lane,) = sql("SELECT quiet_until FROM send_lanes WHERE campaign_id = :c", c=campaign)
    assert timedelta(minutes=9) < lane.quiet_until - datetime.now(UTC) < timedelta(minutes=11)  # settings may change


def test_the_next_go_waits_for_the_gap_and_an_answer_only_for_the_minimum(desk, number):
    queue(number, 2)
    first, second = desk.take(number, want=2)
    assert desk.start(first, min_gap=0.2, gap=30.0, batch=0) == "go"
    verdict, wait, high_wait = desk.ask(second)
    assert verdict == "early"
    assert 29 < wait <= 30
    assert high_wait <= 0.2
    queue(number, 1, lane=Lane.HIGH)
    (answer,) = desk.take(number, high_only=True)
    verdict, wait, _ = desk.ask(answer)
    assert verdict == "early"
    assert wait <= 0.2
    threading.Event().wait(wait)
    assert desk.start(answer, min_gap=0.2, gap=1.0) == "go"
    assert desk.ask(second)[1] > 28  # the answer did not shorten the pause


def test_no_wait_is_longer_than_its_gap_after_the_clock_jumped_back(desk, number):
    queue(number, 2)
    first, second = desk.take(number, want=2)
    assert desk.start(first, min_gap=1.0, gap=30.0) == "go"
    sql("UPDATE instance_pace SET next_at = next_at + interval '1 hour', high_at = high_at + interval '1 hour' "
        "WHERE instance_id = :i", i=number)  # fmt: skip
    (row,) = [row for row in desk.pick() if row.instance_id == number]
    assert (row.next_wait, row.high_wait) == (0, 0)
    assert desk.start(second) == "go"


def test_an_even_fast_rhythm_makes_up_for_lateness(desk, number):
    queue(number, 2)
    first, second = desk.take(number, want=2)
    assert desk.start(first, min_gap=0.013, gap=0.013, slack=0.013) == "go"
    threading.Event().wait(0.02)
    _, wait, high_wait = desk.ask(second, min_gap=0.013, gap=0.013, slack=0.013)
    assert wait < 0.013
    assert high_wait < 0.013


def test_a_changed_pace_is_read_before_the_next_go(desk, number):
    campaign = new_campaign([number], delay_min_ms=1000)
    queue(number, campaign=campaign)
    (claim,) = desk.take(number)
    update_lane_pace(campaign, {"delay_min_ms": 5000})
    assert desk.start(claim) == "stale"
    desk.give_back(claim.message_id, claim.attempt)
    (claim,) = desk.take(number)
    assert claim.lane_pace == {"delay_min_ms": 5000}
