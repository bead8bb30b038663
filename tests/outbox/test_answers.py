"""How gateways answered: counted per minute, forgotten with time, and no call is no answer."""

import uuid
from datetime import timedelta

import pytest

from app.core import clock
from app.outbox.service import answers
from app.outbox.service.answers import Answers
from app.outbox.service.results import Result

pytestmark = pytest.mark.usefixtures("ctx", "redis_url")


def result(outcome="accepted", seconds=1.0, code=None):
    one = uuid.uuid4()
    return Result(one, one, one, None, None, 1, outcome, clock.now(), code=code, seconds=seconds)


def test_the_average_and_what_reached_nobody():
    answers.note([result(seconds=2.0), result(seconds=6.0)])
    answers.note([result("instance", 1.0, "unreachable"), result("unknown", 31.0, "timeout")])
    assert answers.of_last_minutes() == Answers(4, 10.0, 2)


def test_what_made_no_call_does_not_count():
    answers.note([result("cancelled", code="opted_out"), result("unsent", code="no_call")])
    assert answers.of_last_minutes() == Answers()


def test_old_minutes_are_over():
    answers.note([result()])
    with clock.frozen(clock.now() + timedelta(minutes=answers.MINUTES + 1)):
        assert answers.of_last_minutes() == Answers()


def test_without_redis_nobody_is_stopped(without_redis):
    answers.note([result()])
    assert answers.of_last_minutes() == Answers()
