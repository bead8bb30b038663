"""Identifiers: UUIDv7, whose order is the order of creation and whose range is the month's partition."""

import os
import time
import uuid
from datetime import UTC, datetime


def new_id(at: datetime | None = None) -> uuid.UUID:
    """A UUIDv7 of now, or of `at` (then random within that millisecond)."""
    ns = time.time_ns() if at is None else int(at.timestamp() * 1000) * 1_000_000
    millis, rest = divmod(ns, 1_000_000)
    value = millis << 80 | 0x7 << 76 | (rest * 4096 // 1_000_000) << 64
    value |= 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return uuid.UUID(int=value)


def lower_bound(at: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of that millisecond: the bound of a partition or of a look-up by time."""
    return uuid.UUID(int=max(int(at.timestamp() * 1000), 0) << 80)


def created_at(value: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
