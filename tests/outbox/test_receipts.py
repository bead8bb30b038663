"""Results and receipts meet in any order, once or many times, and the ledger ends the same."""

import itertools
import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.core.context import current_actor
from app.outbox.models import Lane
from app.outbox.service import Receipt, apply_receipts, resend_unconfirmed, retry_message
from app.outbox.service.results import Result, record
from tests.factories import make_instance
from tests.outbox.desk import message, outbox, pace_of, queue, sql

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sending(desk, number, **rest) -> Result:
    """A message on the wire, and the result its call could bring."""
    queue(number, **rest)
    (claim,) = desk.take(number)
    assert desk.start(claim) == "go"
    return Result(
        message_id=claim.message_id,
        tenant_id=current_actor().tenant_id,
        instance_id=number,
        contact_id=claim.contact_id,
        campaign_id=claim.campaign_id,
        attempt=claim.attempt,
        outcome="accepted",
        at=NOON,
        external_id=f"3EB0{uuid.uuid4().hex[:12]}",
    )


def receipt(result: Result, status: str, minute: int) -> Receipt:
    return Receipt(result.external_id, status, NOON + timedelta(minutes=minute))


def metrics(number) -> dict[str, int]:
    rows = sql("SELECT sent, delivered, read, failed FROM daily_metrics WHERE instance_id = :i", i=number)
    return rows[0]._asdict() if rows else {}


STEPS = ["result", "sent", "delivered", "read", "failed"]


@pytest.mark.parametrize("order", list(itertools.permutations(STEPS))[::7])
def test_the_order_of_result_and_receipts_does_not_matter(desk, number, order):
    result = sending(desk, number)
    minutes = {"sent": 1, "delivered": 2, "read": 3, "failed": 4}
    for step in order:
        if step == "result":
            record([result])
        else:
            apply_receipts(number, [receipt(result, step, minutes[step])])
    row = message(result.message_id)
    assert (row.status, row.external_id, row.failed_at, row.error_code) == ("read", result.external_id, None, None)
    assert row.delivered_at == NOON + timedelta(minutes=2)
    assert row.read_at == NOON + timedelta(minutes=3)
    assert outbox(result.message_id) is None
    assert metrics(number) == {"sent": 1, "delivered": 1, "read": 1, "failed": 0}


def test_everything_twice_and_shuffled_counts_once(desk, number):
    results = [sending(desk, number) for _ in range(5)]
    steps = [(result, step) for result in results for step in ("result", "sent", "delivered", "read")] * 2
    random.Random(7).shuffle(steps)
    for result, step in steps:
        record([result]) if step == "result" else apply_receipts(number, [receipt(result, step, 5)])
    assert {message(result.message_id).status for result in results} == {"read"}
    assert metrics(number) == {"sent": 5, "delivered": 5, "read": 5, "failed": 0}


def test_one_batch_of_many_receipts(desk, number):
    results = [sending(desk, number) for _ in range(6)]
    record(results)
    batch = [receipt(result, status, 3) for result in results for status in ("read", "sent", "delivered", "delivered")]
    assert apply_receipts(number, batch) == 6
    assert apply_receipts(number, batch) == 0
    assert {message(result.message_id).status for result in results} == {"read"}


@pytest.mark.parametrize("early", [True, False])
def test_refused_after_acceptance_fails_with_its_reason_and_a_later_delivery_wins(desk, number, early):
    result = sending(desk, number)
    steps = [lambda: apply_receipts(number, [receipt(result, "failed", 1)]), lambda: record([result])]
    for step in steps if early else reversed(steps):
        step()
    row = message(result.message_id)
    assert (row.status, row.error_code) == ("failed", "error_receipt")
    assert row.failed_at is not None
    assert metrics(number)["failed"] == 1
    apply_receipts(number, [receipt(result, "delivered", 2)])
    row = message(result.message_id)
    assert (row.status, row.error_code, row.failed_at) == ("delivered", None, None)
    assert metrics(number) == {"sent": 1, "delivered": 1, "read": 0, "failed": 0}


def test_a_receipt_for_nobody_waits_and_touches_nothing(number):
    assert apply_receipts(number, [Receipt("3EB0NOBODY", "delivered")]) == 0
    assert sql("SELECT best_status FROM external_refs WHERE instance_id = :i", i=number)[0].best_status == "delivered"


def test_an_unknown_word_is_no_receipt(desk, number):
    result = sending(desk, number)
    record([result])
    assert apply_receipts(number, [Receipt(result.external_id, "deleted"), Receipt(result.external_id, "pending")]) == 0
    assert message(result.message_id).status == "sent"


def test_another_number_s_receipt_with_the_same_id_is_another_message(desk, number):
    result = sending(desk, number)
    record([result])
    other = make_instance("Filial").id
    apply_receipts(other, [receipt(result, "read", 1)])
    assert message(result.message_id).status == "sent"


def test_a_result_recorded_twice_counts_once(desk, number):
    result = sending(desk, number)
    record([result])
    record([result])
    assert metrics(number)["sent"] == 1
    assert (pace_of(number).recent, pace_of(number).unacked) == ("s", 1)


def test_the_result_of_an_attempt_that_is_over_changes_nothing_of_the_next(desk, number):
    old = sending(desk, number)
    sql("UPDATE outbox SET attempt = 2, state = 'claimed', started_at = NULL WHERE message_id = :m", m=old.message_id)
    for outcome in ("unknown", "retry", "refused", "unsent"):
        record([replace(old, outcome=outcome, external_id=None, code="x", delay=60.0)])
    row = outbox(old.message_id)
    assert (row.state, row.attempt, row.tries, row.started_at) == ("claimed", 2, 0, None)
    assert message(old.message_id).status == "queued"


def test_an_acceptance_that_comes_late_stops_the_attempt_that_waits(desk, number):
    """Thought unknown, sent again by a person's word, and then the first call answers after all."""
    result = sending(desk, number)
    record([replace(result, outcome="unknown", external_id=None, code="timeout")])
    resend_unconfirmed([result.message_id])
    assert outbox(result.message_id).state == "queued"
    sql("UPDATE instance_pace SET hold = NULL WHERE instance_id = :i", i=number)
    (claim,) = desk.take(number)
    record([result])
    assert message(result.message_id).status == "sent"
    assert desk.start(claim) == "lost"


def test_good_news_of_an_old_attempt_cancels_the_retry_and_bad_news_does_not(desk, number):
    result = sending(desk, number)
    record([result])
    apply_receipts(number, [receipt(result, "failed", 1)])
    retry_message(result.message_id)
    apply_receipts(number, [receipt(result, "failed", 1)])  # the same refusal, told again
    assert message(result.message_id).status == "queued"
    assert outbox(result.message_id) is not None
    apply_receipts(number, [receipt(result, "delivered", 2)])
    row = message(result.message_id)
    assert (row.status, row.external_id) == ("delivered", result.external_id)
    assert outbox(result.message_id) is None


def test_a_retry_that_is_accepted_has_its_own_fate(desk, number):
    first = sending(desk, number, lane=Lane.HIGH)
    record([first])
    apply_receipts(number, [receipt(first, "failed", 1)])
    retry_message(first.message_id)
    (claim,) = desk.take(number)
    assert claim.attempt == 2
    assert desk.start(claim) == "go"
    second = replace(first, attempt=2, external_id=first.external_id + "B")
    record([second])
    assert (message(first.message_id).status, message(first.message_id).external_id) == ("sent", second.external_id)
    apply_receipts(number, [receipt(first, "failed", 1)])
    assert message(first.message_id).status == "sent"
    apply_receipts(number, [receipt(second, "failed", 2)])
    assert message(first.message_id).status == "failed"


def test_no_call_means_unsent_whatever_the_database_kept(desk, number):
    """The answer of the go was lost with its connection: started or not, the message waits again, unspent."""
    result = replace(sending(desk, number), outcome="unsent", external_id=None, code="no_call")
    record([result])
    row = outbox(result.message_id)
    assert (row.state, row.started_at, row.tries) == ("queued", None, 0)
    (claim,) = desk.take(number)
    record([result])
    assert outbox(result.message_id).state == "claimed"
    assert desk.start(claim) == "go"


def test_passing_trouble_climbs_the_ladder_and_instance_trouble_spends_nothing(desk, number):
    result = replace(sending(desk, number), external_id=None, code="busy", delay=60.0)
    record([replace(result, outcome="retry")])
    row = outbox(result.message_id)
    assert (row.state, row.tries) == ("queued", 1)
    assert row.send_after - clock.now() > timedelta(seconds=50)
    sql("UPDATE outbox SET send_after = now() WHERE message_id = :m", m=result.message_id)
    (claim,) = desk.take(number)
    desk.start(claim)
    record([replace(result, outcome="instance", attempt=2, code="unavailable", delay=0.0)], probe_after=(5.0, 50.0))
    assert outbox(result.message_id).tries == 1
    assert pace_of(number).hold == "unavailable"


def test_trouble_that_comes_back_is_looked_at_ever_later(desk, number):
    waits = []
    for turn in range(3):
        result = replace(sending(desk, number), outcome="instance", external_id=None, code="unavailable")
        record([result], probe_after=(5.0, 50.0, 500.0))
        waits.append((pace_of(number).probe_at - clock.now()).total_seconds())
        # Each time a probe says well, the number is released, and it fails again.
        sql("UPDATE instance_pace SET hold = NULL, probe_tries = :n WHERE instance_id = :i", n=turn + 1, i=number)
        sql("DELETE FROM outbox WHERE instance_id = :i", i=number)
    assert [round(wait, -1) for wait in waits] == [0, 50, 500] or waits[0] < 6 < waits[1] < 51 < waits[2]
    record([sending(desk, number)])
    assert pace_of(number).probe_tries == 0
