"""What campaigns and people ask of the queue after the fact, on rows as a launch writes them."""

import uuid

import pytest

from app.core.context import acting
from app.core.errors import Conflict, Forbidden, NotFound
from app.outbox.models import Lane
from app.outbox.service import (
    cancel_campaign_messages,
    cancel_for_contact,
    cancel_message,
    close_lanes,
    discard_failed,
    has_unsent,
    open_lanes,
    resend_unconfirmed,
    retry_message,
)
from app.outbox.service.results import record
from tests.factories import make_contact
from tests.outbox.desk import message, new_campaign, outbox, queue, sql
from tests.outbox.test_receipts import replace, sending


@pytest.fixture
def campaign(number) -> uuid.UUID:
    return new_campaign([number])


def events(message_id: uuid.UUID) -> list[tuple[str, str | None]]:
    return [(r.status, r.code) for r in sql("SELECT status, code FROM message_events WHERE message_id = :m ORDER BY id",
                                            m=message_id)]  # fmt: skip


def test_cancel_stops_what_has_not_started_and_leaves_what_has(desk, number, campaign):
    ids = queue(number, 5, campaign=campaign)
    started, claimed = desk.take(number, want=2)
    others = queue(number, 2)
    assert desk.start(started) == "go"
    close_lanes(campaign, "cancelled")
    assert cancel_campaign_messages(campaign) == 4
    assert desk.start(claimed) == "lost"
    assert {message(one).status for one in ids if one != started.message_id} == {"cancelled"}
    assert message(started.message_id).status == "queued"
    assert all(outbox(one) is not None for one in others)
    assert cancel_campaign_messages(campaign) == 0


def test_has_unsent_until_the_last_is_settled_and_not_for_what_waits_to_be_verified(desk, number, campaign):
    assert has_unsent(campaign) is False
    result = sending(desk, number, campaign=campaign)
    assert has_unsent(campaign) is True
    record([replace(result, outcome="unknown", external_id=None, code="timeout")])
    assert has_unsent(campaign) is False
    resend_unconfirmed([result.message_id])
    assert has_unsent(campaign) is True


def test_the_person_who_opts_out_gets_nothing_more_of_any_campaign(desk, number, campaign):
    ana = make_contact("Ana").id
    (mine,) = queue(number, contact=ana, campaign=campaign)
    (other,) = queue(number, contact=ana, campaign=new_campaign([number]))
    (answer,) = queue(number, contact=ana, lane=Lane.HIGH)
    assert cancel_for_contact(ana) == 2
    assert [message(one).error_code for one in (mine, other)] == ["opted_out"] * 2
    assert message(answer).status == "queued"


def test_a_failed_message_is_retried_once_at_a_time_with_its_history(desk, number):
    result = replace(
        sending(desk, number), outcome="refused", external_id=None, code="not_on_whatsapp", detail="exists:false"
    )
    record([result])
    assert (message(result.message_id).status, outbox(result.message_id)) == ("failed", None)
    retry_message(result.message_id)
    with pytest.raises(Conflict):
        retry_message(result.message_id)
    assert events(result.message_id) == [("failed", "not_on_whatsapp"), ("queued", "retry")]
    row = outbox(result.message_id)
    assert (row.state, row.attempt, row.tries, row.lane) == ("queued", 1, 0, Lane.NORMAL)
    (claim,) = desk.take(number)
    assert claim.attempt == 2


def test_a_retry_in_a_closed_campaign_waits_until_it_opens(desk, number, campaign):
    result = replace(sending(desk, number, campaign=campaign), outcome="refused", external_id=None, code="x")
    record([result])
    close_lanes(campaign, "completed")
    retry_message(result.message_id)
    assert desk.take(number) == []
    open_lanes(campaign, [number], {})
    assert [row.message_id for row in desk.take(number)] == [result.message_id]


def test_in_bulk_what_was_found_meanwhile_is_not_sent_again(desk, number):
    results = [sending(desk, number) for _ in range(3)]
    record([replace(result, outcome="unknown", external_id=None, code="timeout") for result in results])
    record([results[0]])
    assert resend_unconfirmed([result.message_id for result in results]) == 2
    assert message(results[0].message_id).status == "sent"
    with pytest.raises(Conflict):
        resend_unconfirmed([results[0].message_id])
    with pytest.raises(Conflict):
        resend_unconfirmed([results[1].message_id])  # already on its way again


def test_one_message_is_cancelled_before_it_goes_and_not_after(desk, number):
    (waiting,) = queue(number)
    cancel_message(waiting)
    assert (message(waiting).status, message(waiting).error_code) == ("cancelled", "cancelled_by_person")
    gone = sending(desk, number)
    with pytest.raises(Conflict):
        cancel_message(gone.message_id)
    assert outbox(gone.message_id).state == "sending"


def test_discarded_dead_letters_stay_in_the_ledger(desk, number):
    result = sending(desk, number)
    record([replace(result, outcome="unknown", external_id=None, code="timeout")])
    discard_failed(result.message_id)
    assert message(result.message_id).status == "unconfirmed"
    assert message(result.message_id).metadata["discarded"] is True
    record([result])  # it had left after all
    assert (message(result.message_id).status, outbox(result.message_id)) == ("sent", None)
    with pytest.raises(NotFound):
        discard_failed(result.message_id)


def test_only_who_may_send_repairs(company, outsider, desk, number):
    result = replace(sending(desk, number), outcome="refused", external_id=None, code="x")
    record([result])
    with acting(company.actor("viewer")):
        for verb in (retry_message, cancel_message, lambda one: resend_unconfirmed([one]), discard_failed):
            with pytest.raises(Forbidden):
                verb(result.message_id)
    with acting(outsider.actor()), pytest.raises(NotFound):
        retry_message(result.message_id)
