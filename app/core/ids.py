"""Identifiers: UUIDv7, whose order is the order of creation and whose range is the month's partition."""

import os
import threading
import time
import uuid
from datetime import UTC, datetime

_lock = threading.Lock()
_last = 0


def new_id(at: datetime | None = None) -> uuid.UUID:
    """A UUIDv7 of now, or of `at`; those of one moment `at` are in the order in which this process made them, and by
    the clock between processes: gateways tell whole seconds, and two words of one second must stay in their order."""
    if at is None:
        millis, rest = divmod(time.time_ns(), 1_000_000)
        low = (rest * 4096 // 1_000_000) << 62 | int.from_bytes(os.urandom(8)) >> 2
    else:
        millis, low = int(at.timestamp() * 1000), _made() << 12 | int.from_bytes(os.urandom(2)) >> 4
    high, low = divmod(low, 1 << 62)
    return uuid.UUID(int=millis << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def _made() -> int:
    """Nanoseconds since 1970 (62 bits last until 2116), never the same twice."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns())
        return _last


def lower_bound(at: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of that millisecond: the bound of a partition or of a look-up by time."""
    return uuid.UUID(int=max(int(at.timestamp() * 1000), 0) << 80)


def created_at(value: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
