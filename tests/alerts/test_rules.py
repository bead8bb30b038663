"""What is an alarm and what is not."""

import pytest

from app.alerts.rules import KINDS, Day, Server, of_company, of_server


def kinds(*args) -> set[str]:
    return {raised.kind for raised in of_company(*args)}


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        (Day(), set()),
        (Day(sent=49, delivered=0), set()),  # too few to mean anything
        (Day(sent=1000, delivered=960, failed=10), set()),
        (Day(sent=1000, delivered=940), {"delivery_rate"}),
        (Day(sent=900, delivered=900, failed=100), {"failures"}),
        (Day(sent=0, failed=80), {"failures"}),
    ],
)
def test_rates_of_a_day(day, wanted):
    assert kinds(day, [], [], 0) == wanted


def test_late_numbers_dead_letters_and_lost_connections():
    found = of_company(Day(), [("a", "Loja", 61.0), ("b", "Filial", 59.0)], [("c", "Vendas", "disconnected")], 3)
    assert [(one.kind, one.subject) for one in found] == [("late", "a"), ("disconnected", "c"), ("dead_letters", "")]


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (Server(), set()),
        (Server(cpu=0.81), {"cpu"}),
        (Server(memory=0.86), {"memory"}),
        (Server(disk_free=0.19), {"disk"}),
        (Server(inbound_lag=31), {"inbound_lag"}),
        (Server(backup_hours=2.1), {"backup"}),
        (Server(drill_error="cut"), {"drill"}),
        (Server(certificate_days=13), {"certificate"}),
        (Server(has_strays=True), {"default_partition"}),
        (Server(answer_seconds=5.1), {"slow_gateway"}),
        (Server(unreached=0.031), {"unreached_gateway"}),
        (Server(answer_seconds=4.9, unreached=0.03), set()),
        (Server(waiting={"send": 1001, "bulk": 3}), {"waiting_jobs"}),
    ],
)
def test_the_machine(seen, wanted):
    assert {one.kind for one in of_server(seen)} == wanted


def test_every_kind_can_say_itself():
    details = dict.fromkeys(("rate", "name", "seconds", "count", "used", "free", "hours", "error", "days"), 7)
    for kind in KINDS.values():
        assert str(kind.text) % details
        assert "%(" not in str(kind.advice) % details
