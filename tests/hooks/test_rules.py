"""Signatures as the standard's own example has them; waits that grow and end."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hooks import rules
from app.hooks.rules import Retry


def test_the_signature_is_the_standards_own_example():
    """The example of the Standard Webhooks reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"test": 2432232314}'
    assert rules.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_made_secrets_are_secrets():
    made = rules.new_secret()
    assert rules.is_secret(made)
    assert made != rules.new_secret()


@pytest.mark.parametrize("value", ["", "whsec_", "abc", "whsec_curto", "whsec_" + "a" * 31, "whsec_" + "=" * 40,
                                   "whsec_" + base64.b64encode(b"x" * 65).decode()])  # fmt: skip
def test_other_things_are_not(value):
    assert not rules.is_secret(value)


def test_three_quick_tries_then_longer_and_longer():
    rng = random.Random(1)
    waits = [Retry().wait(attempts, rng) for attempts in range(1, 15)]
    assert waits[:2] == [5.0, 5.0]
    assert 22 < waits[2] < 38
    assert 100 < waits[4] < 151
    assert max(waits) <= 4 * 3600 * 1.25


@given(st.integers(1, 10_000), st.integers())
def test_no_wait_is_endless(attempts, seed):
    assert 0 < Retry().wait(attempts, random.Random(seed)) <= 5 * 3600


def test_a_receiver_may_ask_for_time_but_not_for_ever():
    rng = random.Random(1)
    assert Retry().wait(1, rng, 120.0) == 120.0
    assert Retry().wait(1, rng, 999_999.0) == 3600.0
    assert Retry().wait(1, rng, 0.0) == 5.0


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("", None), ("-3", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_only_seconds_are_believed(value, seconds):
    assert rules.retry_after(value) == seconds


def test_the_whole_of_a_kind_covers_its_parts():
    assert rules.events_of(["ticket.created", "ticket.*", "contact.created"]) == ["ticket.*", "contact.created"]
