"""Tries are counted in Redis, or here when it is away."""

import pytest

from app.core import throttle

RATE = "3 per minute"


@pytest.fixture(params=["redis", "memory"])
def counted(request, app, unique):
    if request.param == "memory":
        request.getfixturevalue("without_redis")
    return unique("key")


def test_the_fourth_try_waits(counted):
    assert [throttle.hit(counted, RATE) > 0 for _ in range(4)] == [False, False, False, True]
    assert 0 < throttle.hit(counted, RATE) <= 60


def test_keys_are_apart(counted):
    for _ in range(4):
        throttle.hit(counted, RATE)
    assert throttle.hit(counted + "-other", RATE) == 0


def test_clearing_begins_anew(counted):
    for _ in range(4):
        throttle.hit(counted, RATE)
    throttle.clear(counted)
    assert throttle.hit(counted, RATE) == 0


def test_a_refund_is_one_more_try(app, unique):
    key = unique("key")
    for _ in range(3):
        throttle.hit(key, RATE)
    throttle.refund(key)
    assert [throttle.hit(key, RATE) > 0 for _ in range(2)] == [False, True]
