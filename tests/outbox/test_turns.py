"""Whose turn it is: persons, lanes, campaigns."""

from collections import Counter
from itertools import pairwise

import pytest

from app.outbox.models import Lane
from app.outbox.service import close_lanes, open_lanes
from tests.factories import make_contact
from tests.outbox.desk import new_campaign, outbox, queue, sql


def test_first_in_first_out_for_one_person(desk, number):
    person = make_contact("Ana").id
    first, second, third = queue(number, 3, contact=person)
    (claim,) = desk.take(number, want=3)
    assert claim.message_id == first
    sql(
        "UPDATE outbox SET state = 'queued', tries = 1, send_after = now() + interval '1 hour' WHERE message_id = :m",
        m=first,
    )
    assert desk.take(number, want=3) == []  # a retry keeps its place
    sql("DELETE FROM outbox WHERE message_id = :m", m=first)
    assert [row.message_id for row in desk.take(number, want=3)] == [second]
    assert outbox(third).state == "queued"


def test_words_after_a_voice_note_wait_while_its_sound_is_made_but_not_for_ever(desk, number):
    person = make_contact("Ana").id
    spoken, written = queue(number, 2, contact=person, lane=Lane.HIGH)
    sql("UPDATE outbox SET held = 'voice' WHERE message_id = :m", m=spoken)
    assert desk.take(number) == []
    sql("UPDATE outbox SET send_after = now() - interval '121 seconds' WHERE message_id = :m", m=spoken)
    assert [row.message_id for row in desk.take(number)] == [written]


@pytest.mark.parametrize(("lane", "seconds"), [(Lane.NORMAL, 120), (Lane.HIGH, 60)])
@pytest.mark.parametrize("state", ["sending", "unconfirmed"])
def test_no_second_go_while_a_started_one_is_open(desk, number, lane, seconds, state):
    person = make_contact("Ana").id
    first, second = queue(number, 2, contact=person, lane=lane)
    started = f"clock_timestamp() - interval '{seconds - 5} seconds'"
    sql(f"UPDATE outbox SET state = :s, started_at = {started}, lease = now() + interval '1 hour' WHERE message_id = :m",
        s=state, m=first)  # fmt: skip
    assert desk.take(number) == []
    sql("UPDATE outbox SET started_at = started_at - interval '6 seconds' WHERE message_id = :m", m=first)
    assert [row.message_id for row in desk.take(number)] == [second]


def test_lanes_share_four_to_one_and_answers_go_first(desk, number):
    queue(number, 30, lane=Lane.NORMAL)
    queue(number, 30, campaign=new_campaign([number]))
    queue(number, 3, lane=Lane.HIGH)
    went = [row.lane for row in desk.send_all(number, 33)]
    assert went[:3] == [Lane.HIGH] * 3
    assert Counter(went[3:]) == {Lane.NORMAL: 24, Lane.LOW: 6}
    assert went[3:8].count(Lane.LOW) == 1  # neither starves


def test_what_systems_send_with_low_priority_has_one_in_two_of_the_campaigns_turns(desk, number):
    queue(number, 30, lane=Lane.NORMAL)
    queue(number, 30, lane=Lane.LATER)
    queue(number, 30, campaign=new_campaign([number]))
    went = Counter(row.lane for row in desk.send_all(number, 30))
    assert went == {Lane.NORMAL: 24, Lane.LOW: 3, Lane.LATER: 3}


def test_low_priority_and_a_campaign_alone_share_by_turns(desk, number):
    queue(number, 10, lane=Lane.LATER)
    queue(number, 10, campaign=new_campaign([number]))
    went = [row.lane for row in desk.send_all(number, 16)]
    assert Counter(went) == {Lane.LOW: 8, Lane.LATER: 8}
    assert all(one != other for one, other in pairwise(went))


def test_low_priority_alone_is_waited_for_and_goes(desk, number):
    (message,) = queue(number, lane=Lane.LATER)
    long_ago = "now() - interval '100 years'"  # before whatever other numbers have
    sql(f"UPDATE outbox SET send_after = {long_ago} WHERE message_id = :m", m=message)
    assert sql(f"SELECT next_send = (SELECT send_after FROM outbox WHERE message_id = :m), next_send < {long_ago} + "
               "interval '1 hour' FROM outbox_waiting()", m=message) == [(True, True)]  # fmt: skip
    assert [row.message_id for row in desk.send_all(number, 2)] == [message]


def test_campaigns_share_a_number_by_turns_whatever_their_age(desk, number):
    old, new = new_campaign([number]), new_campaign([number])
    queue(number, 20, campaign=old)
    desk.send_all(number, 8)
    queue(number, 20, campaign=new)
    went = Counter(row.campaign_id for row in desk.send_all(number, 12))
    assert went == {old: 6, new: 6}


def test_a_campaign_that_was_idle_is_not_owed_the_past(desk, number):
    idle, busy = new_campaign([number]), new_campaign([number])
    queue(number, 40, campaign=busy)
    desk.send_all(number, 20)
    queue(number, 10, campaign=idle)
    late = new_campaign([number])
    queue(number, 10, campaign=late)
    went = Counter(row.campaign_id for row in desk.send_all(number, 12))
    assert set(went) == {idle, busy, late}
    assert max(went.values()) - min(went.values()) <= 2


def test_pause_acts_at_once_and_resume_goes_on_where_it_stopped(desk, number):
    campaign = new_campaign([number])
    queue(number, 4, campaign=campaign)
    (claim,) = desk.take(number)
    close_lanes(campaign, "by_user")
    assert desk.start(claim) == "closed"
    desk.give_back(claim.message_id, claim.attempt)
    assert desk.take(number) == []
    open_lanes(campaign, [number], {})
    went = desk.send_all(number, 10)
    assert len({row.message_id for row in went}) == len(went) == 4
