from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.dashboard import queries
from app.instances.models import Instance
from app.outbox.models import InstancePace
from tests.dashboard.conftest import Desk

ZONE = "America/Sao_Paulo"
# 01:30 UTC of the 22nd is still the 21st in São Paulo.
LATE = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_night():
    with clock.frozen(LATE):
        yield


def test_the_day_is_the_companys_not_the_servers():
    assert queries.today(ZONE).isoformat() == "2026-11-21"


def test_days_add_up_all_numbers_and_only_ours(desk: Desk, other_desk: Desk):
    today = queries.today(ZONE)
    for number in (desk.number("A"), desk.number("B")):
        desk.day(number, today, sent=10, delivered=8, read=3)
    desk.day(desk.number("C"), today - timedelta(days=20), sent=99)
    other_desk.day(other_desk.number("D"), today, sent=500)
    with acting(desk.company.actor("viewer")):
        days = queries.last_days(ZONE, 14)
    assert len(days) == 14
    assert (days[-1].sent, days[-1].delivered, days[-1].read) == (20, 16, 6)
    assert sum(day.sent for day in days) == 20


def test_the_queue_counts_by_what_happens_to_each(desk: Desk, other_desk: Desk):
    number, foreign = desk.number(), other_desk.number()
    desk.queue(number, 3)
    desk.queue(number, 2, state="sending", started_at=LATE)
    desk.queue(number, 1, state="unconfirmed", started_at=LATE)
    other_desk.queue(foreign, 5)
    with acting(desk.company.actor("admin")):
        found = queries.queue([number, foreign])
    assert (found.queued, found.sending, found.unconfirmed, found.waiting) == (3, 2, 1, 5)


def test_a_huge_queue_is_more_than_not_counted(desk: Desk):
    number = desk.number()
    desk.queue(number, 4)
    with acting(desk.company.actor("admin")):
        found = queries.queue([number], counted=2)
    assert found.is_capped
    assert found.waiting == 2


def test_a_company_without_numbers_has_an_empty_queue(desk: Desk):
    with acting(desk.company.actor("admin")):
        assert queries.queue([]).waiting == 0


def test_numbers_that_need_care_come_first(desk: Desk):
    desk.number("Alfa")
    desk.number("Beta", status="failed")
    held = desk.number("Gama")
    desk.number("Delta", health={"silent_since": LATE.isoformat()})
    desk.number("Zeta", status="disconnected", is_active=False)
    with acting(desk.company.system), transaction() as session:
        session.get(InstancePace, held).hold = "unavailable"
    with acting(desk.company.actor("viewer")):
        found = queries.numbers()
    cared = {one.instance.name for one in found if one.needs_care}
    assert cared == {"Beta", "Gama", "Delta"}
    assert [one.needs_care for one in found] == [True, True, True, False, False]


def test_running_shows_what_left_and_paused_before_scheduled(desk: Desk):
    number = desk.number()
    later = LATE + timedelta(days=1)
    desk.campaign("Depois", number, status="scheduled", scheduled_at=later, total=9)
    desk.campaign("Agora", number, status="sending", started_at=LATE, total=10, queued=4)
    desk.campaign("Parada", number, status="paused", started_at=LATE, total=5, queued=5)
    desk.campaign("Pronta", number, status="completed", started_at=LATE, total=5)
    desk.campaign("Rascunho", number)
    with acting(desk.company.actor("viewer")):
        found = {one.campaign.name: one for one in queries.running()}
    assert list(found) == ["Parada", "Agora", "Depois"]
    assert (found["Agora"].done, found["Parada"].done, found["Depois"].done) == (6, 0, 0)
    assert found["Agora"].ends_at > LATE
    assert found["Parada"].ends_at is None


def test_steps_follow_the_companys_own_rows(desk: Desk, other_desk: Desk):
    other_desk.number()
    with acting(desk.company.actor("admin")):
        assert queries.steps_done() == set()
    number = desk.number(status="connecting")
    desk.campaign("Um", number)
    with acting(desk.company.actor("admin")):
        assert queries.steps_done() == {"campaign"}
    with acting(desk.company.system), transaction() as session:
        session.get(Instance, number).last_connection_at = LATE
    desk.campaign("Dois", number, status="completed", started_at=LATE)
    with acting(desk.company.actor("admin")):
        assert queries.steps_done() == {"number", "campaign", "sent"}
