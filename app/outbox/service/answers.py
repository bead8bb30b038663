"""How gateways answered in the last minutes: kept per minute in Redis, which may lose them."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from redis.exceptions import RedisError

from app.core import clock, prometheus
from app.core.background import redis
from app.outbox.service.results import Result

MINUTES = 5
NO_CALL = frozenset({"cancelled", "unsent"})
NOT_REACHED = frozenset({"unreachable", "timeout"})


@dataclass(frozen=True)
class Answers:
    """`seconds`: from the go of a message to the gateway's answer, on average."""

    calls: int = 0
    seconds: float = 0.0
    unreached: int = 0


def note(results: Iterable[Result]) -> None:
    calls = [one for one in results if one.outcome not in NO_CALL]
    if not calls:
        return
    unreached = sum(one.code in NOT_REACHED for one in calls)
    prometheus.sends_unreached.inc(unreached)
    for one in calls:
        prometheus.send_seconds.observe(one.seconds)
    key = _key(0)
    with contextlib.suppress(RedisError):
        line = redis().pipeline(transaction=False)
        line.hincrby(key, "calls", len(calls))
        line.hincrbyfloat(key, "seconds", sum(one.seconds for one in calls))
        line.hincrby(key, "unreached", unreached)
        line.expire(key, 60 * (MINUTES + 2))
        line.execute()


def of_last_minutes() -> Answers:
    try:
        kept = [redis().hgetall(_key(ago)) for ago in range(MINUTES)]
    except RedisError:
        return Answers()
    calls, seconds, unreached = (
        sum(float(minute.get(name, 0)) for minute in kept) for name in (b"calls", b"seconds", b"unreached")
    )
    return Answers(int(calls), seconds / calls if calls else 0.0, int(unreached))


def _key(minutes_ago: int) -> str:
    return f"sends:answers:{clock.now() - timedelta(minutes=minutes_ago):%H:%M}"
