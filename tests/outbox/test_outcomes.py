"""What each number's last outcomes were, for the brakes."""

from sqlalchemy import text

from app.core.db import transaction
from app.messages import metrics
from app.outbox.service import brakes
from app.outbox.service.brakes import Outcomes
from tests.factories import make_instance


def pace_of(number):
    with transaction() as session:
        return session.execute(text("SELECT * FROM instance_pace WHERE instance_id = :id"), {"id": number}).one()


def test_the_window_keeps_the_last_fifty_of_each_number(as_admin):
    one, two = make_instance().id, make_instance("Outra").id
    brakes.note_outcomes([Outcomes(one, "s" * 30 + "f" * 4, unacknowledged=30), Outcomes(two, "")])
    brakes.note_outcomes([Outcomes(one, "s" * 27, unacknowledged=2), Outcomes(two, "f", errors=1)])
    first, second = pace_of(one), pace_of(two)
    assert first.recent == "s" * 19 + "f" * 4 + "s" * 27
    assert (first.unacked, first.unacked_since is None) == (32, False)
    assert (second.recent, second.error_run, second.unacked_since) == ("f", 1, None)


def test_what_a_rolled_back_transaction_saw_is_not_counted(as_admin):
    number = make_instance().id
    try:
        with transaction():
            brakes.note_outcomes([Outcomes(number, "sss")])
            raise LookupError
    except LookupError:
        pass
    assert pace_of(number).recent == ""


def test_totals_of_many_numbers_add_up(as_admin):
    numbers = [make_instance(f"Loja {n}").id for n in range(3)]
    for _ in range(2):
        with transaction():
            for n, number in enumerate(numbers):
                metrics.add(number, sent=n + 1, failed=1)
    with transaction():
        metrics.add(numbers[0], failed=-1, delivered=1)
        metrics.add(numbers[1], delivered=2)
    with transaction() as session:
        rows = session.execute(text("SELECT sent, failed, delivered FROM daily_metrics ORDER BY sent")).all()
    assert [tuple(row) for row in rows] == [(2, 1, 1), (4, 2, 2), (6, 2, 0)]
