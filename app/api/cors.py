"""Browsers of other sites: only those in CORS_ORIGINS, and never with cookies."""

from flask import Response, current_app, request

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = (
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id, Location, Idempotency-Replayed"
)


def add_headers(response: Response) -> Response:
    origin = request.headers.get("Origin", "")
    if origin not in current_app.extensions["recado"].cors_origins:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    response.vary.add("Origin")
    if is_preflight():
        response.headers.update(_ALLOWED)
    return response


def is_preflight() -> bool:
    return request.method == "OPTIONS"
