"""A name for every request, in its answer and in every log line it causes."""

import re
import uuid

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def init_app(app: Flask) -> None:
    """Before every other hook, so that their lines carry the name too."""
    app.before_request(_begin)
    app.after_request(_mark)
    app.teardown_request(_end)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _mark(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    return response


def _end(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")
