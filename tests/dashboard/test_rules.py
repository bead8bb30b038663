from datetime import date

import pytest

from app.dashboard.rules import Day, fill_days, greeting, next_step, share, steps

TODAY = date(2026, 11, 21)


def test_rates_are_shares_of_what_was_sent():
    day = Day(TODAY, sent=200, delivered=190, read=50, replied=10)
    assert (day.delivery_rate, day.read_rate, day.reply_rate) == (0.95, 0.25, 0.05)


def test_late_receipts_never_make_more_than_everything():
    assert share(130, 100) == 1.0


def test_nothing_sent_has_no_rate():
    assert Day(TODAY, delivered=3).delivery_rate is None


def test_quiet_days_are_zeros_and_the_last_is_today():
    filled = fill_days([Day(date(2026, 11, 19), sent=7)], TODAY, 3)
    assert [(day.day.day, day.sent) for day in filled] == [(19, 7), (20, 0), (21, 0)]


@pytest.mark.parametrize(
    ("done", "following"),
    [
        (set(), "contacts"),
        ({"contacts"}, "number"),
        ({"number"}, "contacts"),
        ({"contacts", "number", "campaign"}, "sent"),
        ({"contacts", "number", "campaign", "sent"}, None),
    ],
)
def test_the_next_step_is_the_first_not_done(done: set[str], following: str | None):
    step = next_step(steps(done))
    assert (step.key if step else None) == following


@pytest.mark.parametrize(("hour", "words"), [(4, "Boa noite"), (5, "Bom dia"), (12, "Boa tarde"), (18, "Boa noite")])
def test_greeting_follows_the_companys_hour(ctx, hour: int, words: str):
    assert greeting(hour) == words
