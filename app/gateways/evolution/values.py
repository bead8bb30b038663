"""Reading values out of JSON that a stranger wrote: nothing here raises."""

from datetime import UTC, datetime
from typing import Any

_LATEST = 4102444800  # 2100-01-01: later than this is milliseconds or rubbish


def as_dict(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def as_int(value: Any) -> int | None:
    """A number, its digits in a string, or the {low, high} halves of a 64-bit one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) < 2**63 else None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None
    return _from_halves(value) if isinstance(value, dict) else None


def _from_halves(value: dict) -> int | None:
    low, high = value.get("low"), value.get("high", 0)
    if isinstance(low, int) and isinstance(high, int):
        return ((high & 0xFFFFFFFF) << 32) | (low & 0xFFFFFFFF)
    return None


def as_float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def as_time(value: Any) -> datetime | None:
    """Unix seconds, or milliseconds where only those make sense."""
    seconds = as_int(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds > _LATEST:
        seconds //= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds <= _LATEST else None
