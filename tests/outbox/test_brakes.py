"""A number that keeps failing stops its own campaigns and says why; a person starts them again."""

import uuid

import pytest

from app.core.context import acting, system
from app.instances.service import facts as instance_facts
from app.outbox.service import Receipt, apply_receipts, open_lanes
from app.outbox.service.brakes import brake_silent
from app.outbox.service.results import record
from tests.factories import make_instance
from tests.outbox.desk import Desk, new_campaign, pace_of, queue, sql
from tests.outbox.test_receipts import receipt, replace, sending


@pytest.fixture
def campaign(number) -> uuid.UUID:
    return new_campaign([number])


def reason(campaign: uuid.UUID) -> str | None:
    (row,) = sql("SELECT is_open, closed_reason FROM send_lanes WHERE campaign_id = :c", c=campaign)
    assert (row.closed_reason is None) is row.is_open
    return row.closed_reason


def told(name: str) -> list[dict]:
    return [row.payload for row in sql("SELECT payload FROM facts WHERE name = :n ORDER BY id", n=name)]


def refuse(desk, number, campaign):
    record(
        [replace(sending(desk, number, campaign=campaign), outcome="refused", external_id=None, code="not_on_whatsapp")]
    )


def test_ten_failures_in_a_row(desk, number, campaign):
    record([sending(desk, number, campaign=campaign)])
    for _ in range(9):
        refuse(desk, number, campaign)
    assert reason(campaign) is None
    refuse(desk, number, campaign)
    assert reason(campaign) == "failures_in_a_row"
    assert told("instance.braked") == [{"instance_id": str(number), "reason": "failures_in_a_row"}]
    assert sql("SELECT status, status_reason FROM campaigns WHERE id = :c", c=campaign) == [
        ("paused", "failures_in_a_row")
    ]


def test_a_third_of_the_last_fifty(desk, number, campaign):
    for turn in range(50):
        if turn % 3 == 2:
            refuse(desk, number, campaign)
        else:
            record([sending(desk, number, campaign=campaign)])
        assert reason(campaign) is None or turn == 49
    assert reason(campaign) == "failure_share"


def test_a_run_of_error_receipts_told_once_or_many_times(desk, number, campaign):
    results = [sending(desk, number, campaign=campaign) for _ in range(5)]
    record(results)
    for result in results[:4]:
        for _ in range(3):
            apply_receipts(number, [receipt(result, "failed", 1)])
    assert (reason(campaign), pace_of(number).error_run) == (None, 4)
    apply_receipts(number, [receipt(results[4], "failed", 1)])
    assert reason(campaign) == "error_receipts"


def test_errors_that_come_before_their_results_count_too(desk, number, campaign):
    results = [sending(desk, number, campaign=campaign) for _ in range(5)]
    apply_receipts(number, [receipt(result, "failed", 1) for result in results])
    assert reason(campaign) is None
    record(results)
    assert reason(campaign) == "error_receipts"


def test_a_delivery_ends_the_run(desk, number, campaign):
    results = [sending(desk, number, campaign=campaign) for _ in range(6)]
    record(results)
    apply_receipts(number, [receipt(result, "failed", 1) for result in results[:4]])
    apply_receipts(number, [receipt(results[5], "delivered", 1)])
    apply_receipts(number, [receipt(results[4], "failed", 2)])
    assert (reason(campaign), pace_of(number).error_run) == (None, 1)


def test_accepted_and_never_acknowledged_in_number(desk, number, campaign):
    record([sending(desk, number, campaign=campaign) for _ in range(19)])
    assert brake_silent(-1) == 0
    record([sending(desk, number, campaign=campaign)])
    assert brake_silent(600) == 0  # not silent for long enough
    assert brake_silent(-1) == 1
    assert reason(campaign) == "unacknowledged"
    assert brake_silent(-1) == 0


def test_any_sign_of_life_ends_the_silence(desk, number, campaign):
    results = [sending(desk, number, campaign=campaign) for _ in range(25)]
    record(results)
    apply_receipts(number, [Receipt(results[0].external_id, "sent")])
    assert (pace_of(number).unacked, pace_of(number).unacked_since) == (0, None)
    assert brake_silent(-1) == 0


def test_receipts_before_their_results_are_no_silence(desk, number, campaign):
    results = [sending(desk, number, campaign=campaign) for _ in range(25)]
    apply_receipts(number, [receipt(result, "sent", 1) for result in results])
    record(results)
    assert pace_of(number).unacked == 0


@pytest.mark.parametrize(("code", "wanted"), [(403, "banned"), (401, "logged_out"), (402, "refused")])
def test_a_final_disconnection_stops_campaigns_and_holds_the_number(company, number, campaign, code, wanted):
    with acting(system(company.tenant_id)):
        instance_facts.record_closed(number, code)
    assert reason(campaign) == wanted
    assert (pace_of(number).hold, pace_of(number).hold_detail) == ("disconnected", wanted)
    queue(number, campaign=campaign)
    desk = Desk()
    assert desk.take(number) == []
    desk.close()


def test_a_network_drop_brakes_nothing(company, number, campaign):
    with acting(system(company.tenant_id)):
        instance_facts.record_connecting(number)
    assert reason(campaign) is None


def test_other_numbers_and_other_companies_go_on(desk, number, campaign):
    other = make_instance("Filial").id
    elsewhere = new_campaign([other])
    for _ in range(10):
        refuse(desk, number, campaign)
    assert reason(campaign) == "failures_in_a_row"
    assert reason(elsewhere) is None


def test_a_person_who_resumes_starts_the_windows_anew(desk, number, campaign):
    for _ in range(10):
        refuse(desk, number, campaign)
    open_lanes(campaign, [number], {})
    assert (reason(campaign), pace_of(number).recent) == (None, "")
    refuse(desk, number, campaign)
    assert reason(campaign) is None
