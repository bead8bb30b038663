"""Passwords at the promised cost, and no clue about who exists."""

import time

from app.core.hashing import check_password, hash_password


def seconds(password, hashed):
    """Of this thread on the processor: what else the machine does is no clue."""
    begun = time.thread_time()
    assert not check_password(password, hashed)
    return time.thread_time() - begun


def test_a_hash_has_cost_12_and_opens_with_its_password_only():
    hashed = hash_password("uma frase curta")
    assert hashed.startswith("$2b$12$")
    assert check_password("uma frase curta", hashed)
    assert not check_password("uma frase longa", hashed)


def test_nobody_takes_as_long_as_somebody():
    hashed = hash_password("uma frase curta")
    known = min(seconds("outra", hashed) for _ in range(3))
    unknown = min(seconds("outra", None) for _ in range(3))
    assert 0.5 < unknown / known < 2


def test_what_bcrypt_would_cut_off_never_matches():
    hashed = hash_password("a" * 72)
    assert check_password("a" * 72, hashed)
    assert not check_password("a" * 73, hashed)
