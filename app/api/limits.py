"""So many requests a minute per address and per token, told in `RateLimit-*` headers. Open when Redis is away."""

import structlog
from flask import Response, current_app, g, request
from flask_babel import gettext as _
from limits import RateLimitItem, parse
from redis.exceptions import RedisError

from app.core import background
from app.core.errors import TooMany

log = structlog.get_logger(__name__)


class TooManyRequests(TooMany):
    def __init__(self, retry_after: int):
        super().__init__(_("Muitos pedidos; espere %(seconds)s s.", seconds=retry_after))
        self.retry_after = retry_after


def limit_address() -> None:
    _spend("ip", request.remote_addr or "")


def limit_client() -> None:
    """After authentication: one token used from many addresses has one allowance."""
    if client := g.get("api_client"):
        _spend("client", client)


def _spend(kind: str, who: str) -> None:
    item = parse(current_app.extensions["recado"].api_rate_limit)
    try:
        count, wait = _count(f"rate:api:{kind}:{who}", item.get_expiry())
    except RedisError:
        log.warning("rate_limit_without_redis")
        return
    _remember(item, max(item.amount - count, 0), wait)
    if count > item.amount:
        raise TooManyRequests(wait)


def _count(key: str, seconds: int) -> tuple[int, int]:
    """Requests of the window that began with the first of them, and the seconds until it ends: one round trip."""
    with background.redis().pipeline(transaction=False) as pipeline:
        pipeline.set(key, 0, ex=seconds, nx=True)
        pipeline.incr(key)
        pipeline.pttl(key)
        _set, count, left_ms = pipeline.execute()
    if left_ms < 0:  # it ended between the two: without an end of its own it would count for ever
        background.redis().expire(key, seconds)
    return int(count), max(left_ms // 1000 + 1, 1)


def _remember(item: RateLimitItem, left: int, wait: int) -> None:
    """The tighter of the two allowances is the one to tell."""
    known = g.get("rate_limit")
    if known is None or left < known["RateLimit-Remaining"]:
        g.rate_limit = {"RateLimit-Limit": item.amount, "RateLimit-Remaining": left, "RateLimit-Reset": wait}


def add_headers(response: Response) -> Response:
    for name, value in g.get("rate_limit", {}).items():
        response.headers[name] = str(value)
    return response
