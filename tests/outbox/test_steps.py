"""Claim, go and expire in the database, with nobody between: who may send what, and when."""

import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.contacts.service.merges import merge_contacts
from app.contacts.service.people import opt_out
from app.core.context import acting
from app.core.db import release
from app.extensions import db
from app.outbox.models import Lane
from app.outbox.service import close_lanes, count_restored, open_lanes, release_restored, update_lane_pace
from tests.factories import make_contact, make_instance
from tests.outbox.desk import TODAY, Desk, message, new_campaign, outbox, pace_of, queue, sql


@pytest.fixture
def number(as_admin) -> uuid.UUID:
    return make_instance().id


@pytest.fixture
def desk(number):
    desk = Desk()
    yield desk
    desk.release()
    desk.close()


def test_a_claim_is_counted_and_leased(desk, number):
    (wanted,) = queue(number)
    (claim,) = desk.take(number)
    row = outbox(wanted)
    assert (claim.message_id, claim.attempt, row.state, row.owner, row.started_at) == (
        wanted,
        1,
        "claimed",
        "desk",
        None,
    )
    assert desk.take(number) == []
    assert message(wanted).status == "queued"


def test_eight_claimers_never_share_a_message(app, company, number):
    queue(number, 120)
    found, lock = [], threading.Lock()

    def work(me: str) -> None:
        with app.app_context(), acting(company.system):
            desk = Desk(me)
            for _ in range(200):
                # Each steals the number from the others again and again, as after a lease that ran out.
                with db.engine.connect() as connection, connection.begin():
                    connection.execute(
                        text("SELECT set_config('app.tenant_id', :t, true)"), {"t": str(company.tenant_id)}
                    )
                    connection.execute(text("UPDATE instance_pace SET driver = :me"), {"me": me})
                rows = desk.claim(number, want=3, limit=1000, open_s=120, open_high_s=60, high_only=False)
                with lock:
                    found.extend((row.message_id, row.attempt) for row in rows)
                    if len(found) >= 120:
                        break
            desk.close()

    threads = [threading.Thread(target=work, args=(f"claimer-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == len(set(found)) == 120
    assert {attempt for _message, attempt in found} == {1}


def test_only_the_driver_claims_and_a_second_sender_picks_nothing(desk, number):
    queue(number, 3)
    other = Desk("other")
    assert len(desk.take(number)) == 1
    assert number not in {row.instance_id for row in other.pick()}
    assert other.claim(number, want=1, limit=9, open_s=1, open_high_s=1, high_only=False) == []
    desk.release()
    assert number in {row.instance_id for row in other.pick()}
    other.release()
    other.close()


def test_a_driver_that_died_is_replaced_when_its_lease_is_over(desk, number):
    queue(number, 2)
    assert desk.take(number)
    sql(
        "UPDATE instance_pace SET driver_lease = clock_timestamp() - interval '1 second' WHERE instance_id = :i",
        i=number,
    )
    other = Desk("other")
    assert len(other.take(number)) == 1
    assert desk.claim(number, want=1, limit=9, open_s=1, open_high_s=1, high_only=False) == []
    other.release()
    other.close()


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


def test_a_lease_from_before_the_clock_jumped_back_runs_out(desk, number):
    (wanted,) = queue(number)
    desk.take(number)
    sql("UPDATE outbox SET lease = lease + interval '1 hour' WHERE message_id = :m", m=wanted)
    desk.expire()
    assert outbox(wanted).state == "queued"


def test_an_even_fast_rhythm_makes_up_for_lateness(desk, number):
    queue(number, 2)
    first, second = desk.take(number, want=2)
    assert desk.start(first, min_gap=0.013, gap=0.013, slack=0.013) == "go"
    threading.Event().wait(0.02)
    _, wait, high_wait = desk.ask(second, min_gap=0.013, gap=0.013, slack=0.013)
    assert wait < 0.013
    assert high_wait < 0.013


def test_never_started_is_queued_again_and_started_is_unconfirmed(desk, number):
    queue(number, 2)
    idle, started = desk.take(number, want=2)
    assert desk.start(started) == "go"
    sql("UPDATE outbox SET lease = clock_timestamp() - interval '1 second' WHERE instance_id = :i", i=number)
    outcomes = {row.message_id: row.outcome for row in desk.expire()}
    assert outcomes[idle.message_id] == "queued"
    assert outcomes[started.message_id] == "unconfirmed"
    assert message(started.message_id).status == "unconfirmed"
    assert pace_of(number).hold == "verify"
    assert [row for row in desk.expire() if row.instance_id == number] == []


def test_only_what_is_in_hand_is_kept_alive(desk, number):
    queue(number, 2)
    kept, forgotten = desk.take(number, want=2)
    sql("UPDATE outbox SET lease = clock_timestamp() + interval '1 second' WHERE instance_id = :i", i=number)
    desk.beat([kept.message_id])
    assert outbox(kept.message_id).lease - outbox(forgotten.message_id).lease > timedelta(seconds=20)


def test_a_claim_given_back_is_not_spent(desk, number):
    (wanted,) = queue(number)
    (claim,) = desk.take(number)
    desk.give_back(claim.message_id, claim.attempt)
    (again,) = desk.take(number)
    assert (again.message_id, again.attempt, again.tries) == (wanted, 2, 0)
    desk.give_back(claim.message_id, claim.attempt)  # the first attempt's word no longer counts
    assert outbox(wanted).state == "claimed"


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


def test_a_changed_pace_is_read_before_the_next_go(desk, number):
    campaign = new_campaign([number], delay_min_ms=1000)
    queue(number, campaign=campaign)
    (claim,) = desk.take(number)
    update_lane_pace(campaign, {"delay_min_ms": 5000})
    assert desk.start(claim) == "stale"
    desk.give_back(claim.message_id, claim.attempt)
    (claim,) = desk.take(number)
    assert claim.lane_pace == {"delay_min_ms": 5000}


def test_two_phones_merged_in_mid_campaign_are_one_person(desk, number):
    campaign, ana, ana_at_work = new_campaign([number]), make_contact("Ana"), make_contact("Ana (trabalho)")
    ids = ana.id, ana_at_work.id
    queue(number, contact=ids[0], campaign=campaign)
    queue(number, contact=ids[1], campaign=campaign)
    first, second = desk.take(number, want=2)
    assert desk.start(first) == "go"
    merge_contacts(*ids)
    assert desk.start(second) == "duplicate"


def test_one_person_of_two_numbers_gets_it_once(desk, number):
    """Merged before anything went, the two messages of the campaign wait on different numbers."""
    other = make_instance("Filial").id
    campaign, ana, twin = new_campaign([number, other]), make_contact("Ana").id, make_contact("Ana").id
    queue(number, contact=ana, campaign=campaign)
    queue(other, contact=twin, campaign=campaign)
    merge_contacts(ana, twin)
    (first,), (second,) = desk.take(number), desk.take(other)
    assert desk.start(first) == "go"
    assert desk.start(second) == "duplicate"


def test_an_address_learned_from_whatsapp_tells_two_contacts_are_one(desk, number):
    campaign = new_campaign([number])
    known, twin = make_contact("Ana", phone="5511987650001").id, make_contact("Ana", phone="5511987650002").id
    queue(number, contact=known, campaign=campaign)
    queue(number, contact=twin, campaign=campaign)
    first, second = desk.take(number, want=2)
    assert desk.start(first) == "go"
    # WhatsApp answered the first with the second's address.
    sql(
        """INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
        SELECT tenant_id, 'jid', '5511987650002@s.whatsapp.net', id FROM contacts WHERE id = :c""",
        c=known,
    )
    assert desk.start(second) == "duplicate"


def test_a_merged_contact_s_message_still_knows_its_phone(desk, number):
    ana, twin = make_contact("Ana", phone="5511987651111").id, make_contact("Ana", phone="5511987652222").id
    queue(number, contact=twin)
    merge_contacts(ana, twin)
    (claim,) = desk.take(number)
    assert claim.phone == "5511987652222"


def test_the_learned_address_belongs_to_the_phone_that_is_meant(desk, number):
    ana = make_contact("Ana", phone="5531987651111").id
    sql(
        """INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
        SELECT tenant_id, 'jid', '553187651111@s.whatsapp.net', id FROM contacts WHERE id = :c""",
        c=ana,
    )
    queue(number, contact=ana)
    (claim,) = desk.take(number)
    assert claim.jid == "553187651111@s.whatsapp.net"
    desk.give_back(claim.message_id, claim.attempt)
    twin = make_contact("Ana", phone="5531987652222").id
    (other,) = queue(number, contact=twin)
    merge_contacts(ana, twin)
    claims = {row.message_id: row for row in desk.take(number, want=2)}
    assert claims[other].jid is None
    assert claims[other].phone == "5531987652222"


def test_held_rows_and_restored_copies_send_nothing(desk, number, owner_engine):
    (queued,) = queue(number)
    (started,) = queue(number)
    claims = {row.message_id: row for row in desk.take(number, want=2)}
    desk.start(claims[started])
    assert desk.hold_restored() == 0
    with owner_engine.begin() as connection:
        connection.execute(text("UPDATE installation SET cluster = 1"))
    assert desk.hold_restored() >= 2
    assert desk.hold_restored() == 0
    assert desk.start(claims[queued]) == "lost"
    assert desk.take(number) == []
    assert (outbox(queued).held, message(queued).status) == ("restored", "held")
    assert (outbox(started).state, message(started).status) == ("unconfirmed", "unconfirmed")
    assert count_restored() == release_restored() == 2
    assert [row.message_id for row in desk.take(number)] == [queued]
    assert message(queued).status == "queued"
    assert outbox(started).state == "unconfirmed"


def test_the_operator_releases_what_a_restored_copy_holds(app, number, company):
    (held,) = queue(number)
    sql("UPDATE outbox SET held = 'restored' WHERE message_id = :m", m=held)
    sql("UPDATE messages SET status = 'held' WHERE id = :m", m=held)
    release()
    runner = app.test_cli_runner()
    assert str(company.tenant_id) in runner.invoke(args=["outbox", "restored"]).output
    assert runner.invoke(args=["outbox", "release-restored"], input="n\n").exit_code == 1
    assert runner.invoke(args=["outbox", "release-restored", "--yes"]).exit_code == 0
    assert (outbox(held).held, message(held).status) == (None, "queued")


def test_waiting_sees_only_what_could_go(desk, number, owner_engine):
    with owner_engine.begin() as connection:
        connection.execute(text("DELETE FROM outbox"))
    campaign = new_campaign([number])
    queue(number, campaign=campaign)
    assert desk.waiting().next_send is not None
    for change in (
        "UPDATE send_lanes SET is_open = false",
        "UPDATE send_lanes SET is_open = true, quiet_until = 'infinity'",
    ):
        sql(change + " WHERE instance_id = :i", i=number)
        waiting = desk.waiting().next_send
        assert waiting is None or waiting > datetime.now(UTC)
    sql("UPDATE send_lanes SET quiet_until = NULL WHERE instance_id = :i", i=number)
    sql("UPDATE instance_pace SET hold = 'license', probe_at = now() WHERE instance_id = :i", i=number)
    assert desk.waiting().next_send is None
    assert desk.waiting().probe_due is True


def test_a_number_whose_row_is_locked_is_left_for_a_moment(desk, number, company):
    """A batch of receipts or a launch holds it; the one thread that drives every number does not wait for it."""
    queue(number, 2)
    first, *_ = desk.take(number)
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT set_config('app.tenant_id', :t, true)"), {"t": str(company.tenant_id)})
        connection.execute(text("SELECT 1 FROM instance_pace WHERE instance_id = :i FOR UPDATE"), {"i": number})
        assert desk.ask(first) == ("early", 0.02, 0.02)
        assert desk.take(number) == []
    assert desk.start(first) == "go"
    assert len(desk.take(number)) == 1
