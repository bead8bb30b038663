"""So many requests a minute per address and per token, told in `RateLimit-*` headers. Open when Redis is away."""

import time

import structlog
from flask import Response, current_app, g, request
from flask_babel import gettext as _
from limits import RateLimitItem, parse
from redis.exceptions import RedisError

from app.core.errors import TooMany
from app.extensions import limiter

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
        allowed = limiter.limiter.hit(item, "api", kind, who)
        resets_at, left = limiter.limiter.get_window_stats(item, "api", kind, who)
    except RedisError:
        log.warning("rate_limit_without_redis")
        return
    wait = max(int(resets_at - time.time()) + 1, 1)
    _remember(item, left, wait)
    if not allowed:
        raise TooManyRequests(wait)


def _remember(item: RateLimitItem, left: int, wait: int) -> None:
    """The tighter of the two allowances is the one to tell."""
    known = g.get("rate_limit")
    if known is None or left < known["RateLimit-Remaining"]:
        g.rate_limit = {"RateLimit-Limit": item.amount, "RateLimit-Remaining": left, "RateLimit-Reset": wait}


def add_headers(response: Response) -> Response:
    for name, value in g.get("rate_limit", {}).items():
        response.headers[name] = str(value)
    return response
