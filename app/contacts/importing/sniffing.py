"""What a column holds, judged by its values alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.contacts.importing.headers import looks_like_phone
from app.core.phone import AREAS

SAMPLED = 200
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")
# dates, postal codes, CPF and CNPJ have a phone's length and are none
_OTHER_NUMBER = re.compile(
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*|\d{4}-\d{2}-\d{2}.*|\d{5}-\d{3}|\d{3}\.\d{3}\.\d{3}-\d{2}|"
    r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}|.*,\d{1,2}|R\$.*"
)


class Contents(NamedTuple):
    count: int
    phone: float  # shares of the filled cells, 0 to 1
    email: float
    name: float
    digits: float
    area: float


def sniff(values: Sequence[str]) -> Contents:
    sample = values[:SAMPLED]
    count = len(sample)
    if not count:
        return Contents(0, 0, 0, 0, 0, 0)
    tests = (_is_phone, _is_email, _is_name, _is_digits, _is_area)
    shares = [sum(map(test, sample)) / count for test in tests]
    return Contents(count, *shares)


def _is_phone(value: str) -> bool:
    return _OTHER_NUMBER.fullmatch(value) is None and looks_like_phone(value)


def _is_email(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


def _is_name(value: str) -> bool:
    """Words only, and more often than not two of them."""
    letters = value.replace(" ", "").replace(".", "").replace("'", "")
    return " " in value and len(value) < 80 and letters.isalpha()


def _is_digits(value: str) -> bool:
    return sum(map(str.isdigit, value)) >= max(6, len(value) // 2)


def _is_area(value: str) -> bool:
    return value.strip("()0 ") in AREAS or value.strip("() ") in AREAS
