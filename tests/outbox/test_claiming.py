"""Claims, leases and drivers in the database, with nobody between: who may take what."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.core.context import acting
from app.extensions import db
from tests.outbox.desk import Desk, message, new_campaign, outbox, pace_of, queue, sql


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


def test_a_lease_from_before_the_clock_jumped_back_runs_out(desk, number):
    (wanted,) = queue(number)
    desk.take(number)
    sql("UPDATE outbox SET lease = lease + interval '1 hour' WHERE message_id = :m", m=wanted)
    desk.expire()
    assert outbox(wanted).state == "queued"


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
