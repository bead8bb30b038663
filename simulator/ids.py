"""Identifiers and clocks in the spelling of the gateway."""

import secrets
import time
from datetime import UTC, datetime

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def outgoing_id() -> str:
    return "3EB0" + secrets.token_hex(9).upper()


def incoming_id() -> str:
    return "3A" + secrets.token_hex(9).upper()


def database_id() -> str:
    left, text = secrets.randbits(118), ""
    for _ in range(23):
        left, digit = divmod(left, 36)
        text += _BASE36[digit]
    return f"cm{text}"


def now() -> float:
    """Unix seconds, with fraction."""
    return time.time()


def iso(moment: float) -> str:
    stamp = datetime.fromtimestamp(moment, UTC)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


def local_clock(moment: float) -> str:
    """The gateway glues a Z on its *local* time (contract section 5)."""
    stamp = datetime.fromtimestamp(moment)  # noqa: DTZ006 - the naive clock is the point
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"
