"""Counting tries in Redis, for limits that belong to an action and not to an address.

With Redis away the count goes on in this process's memory: the limit is weaker then (one per process), never gone.
"""

import time

import structlog
from limits import parse
from redis.exceptions import RedisError

from app.core import background

log = structlog.get_logger(__name__)

_HIT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('TTL', KEYS[1])}
"""
_MOST_KEPT = 10_000
_memory: dict[str, tuple[int, float]] = {}  # key -> (tries, end of the window)


def hit(key: str, rate: str) -> int:
    """Count a try under `rate` (`5 per 15 minutes`); 0 = allowed, else the seconds to wait."""
    limit = parse(rate)
    tries, left = _count(f"throttle:{key}", limit.get_expiry())
    return 0 if tries <= limit.amount else max(left, 1)


def refund(key: str) -> None:
    """Take one try back: it was a good one."""
    try:
        if background.redis().decr(f"throttle:{key}") <= 0:
            background.redis().delete(f"throttle:{key}")
    except RedisError:
        _memory.pop(f"throttle:{key}", None)


def clear(key: str) -> None:
    _memory.pop(f"throttle:{key}", None)
    try:
        background.redis().delete(f"throttle:{key}")
    except RedisError:
        log.warning("throttle_without_redis", key=key)


def _count(key: str, seconds: int) -> tuple[int, int]:
    try:
        tries, left = background.redis().eval(_HIT, 1, key, seconds)
    except RedisError:
        log.warning("throttle_without_redis", key=key)
        return _count_here(key, seconds)
    return int(tries), int(left)


def _count_here(key: str, seconds: int) -> tuple[int, int]:
    if len(_memory) > _MOST_KEPT:
        _memory.clear()
    at = time.monotonic()
    tries, end = _memory.get(key, (0, at + seconds))
    tries, end = (tries + 1, end) if end > at else (1, at + seconds)
    _memory[key] = (tries, end)
    return tries, int(end - at)
