"""Is it alive, and what has it been doing: for balancers, monitors and Prometheus."""

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint as FlaskBlueprint
from flask import Flask, Response, current_app, g, request
from flask_smorest import Blueprint
from marshmallow import fields, validate
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.alerts.figures import Figures
from app.core import background, prometheus
from app.core.crypto import same
from app.core.db import transaction
from app.core.errors import Unauthorized
from app.core.schema import Schema

blp = Blueprint("health", __name__, description="Health of the server")
pages = FlaskBlueprint("health", __name__)

STARTED = time.time()


class HealthSchema(Schema):
    status = fields.String(required=True, validate=validate.OneOf(["ok", "unavailable"]))
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    uptime_seconds = fields.Integer(required=True)


def _database() -> None:
    with transaction() as session:
        session.execute(text("SELECT 1"))


def _redis() -> None:
    background.redis().ping()


_CHECKS: dict[str, tuple[Callable[[], None], type[Exception]]] = {
    "database": (_database, SQLAlchemyError),
    "redis": (_redis, RedisError),
}


def examine() -> tuple[dict[str, Any], int]:
    """What is asked answers "ok" or "down"; why is in the log, not in the answer."""
    checks = {"process": "ok", **{name: _outcome(*check) for name, check in _CHECKS.items()}}
    well = set(checks.values()) == {"ok"}
    body = {"status": "ok" if well else "unavailable", "checks": checks, "uptime_seconds": int(time.time() - STARTED)}
    return body, 200 if well else 503


def _outcome(check: Callable[[], None], failure: type[Exception]) -> str:
    try:
        check()
    except failure:
        current_app.logger.warning("health check failed", exc_info=True)
        return "down"
    return "ok"


@blp.get("/healthz")
@blp.response(200, HealthSchema)
@blp.alt_response(503, schema=HealthSchema)
def healthz() -> tuple[dict[str, Any], int]:
    """Process, database and Redis"""
    return examine()


@pages.get("/healthz")
def page() -> tuple[dict[str, Any], int, dict[str, str]]:
    return *examine(), {"Cache-Control": "no-store"}


@pages.get("/metrics/prometheus")
def metrics() -> Response:
    """Open unless METRICS_TOKEN is set; then it is the bearer."""
    token = current_app.extensions["recado"].metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not same(token, given):
        raise Unauthorized
    return Response(prometheus.exposition(Figures()), content_type=CONTENT_TYPE_LATEST)


def _start_clock() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    prometheus.requests.labels(endpoint, request.method, response.status_code).inc()
    if "started" in g:
        prometheus.request_seconds.labels(endpoint).observe(time.perf_counter() - g.started)
    return response


def init_app(app: Flask) -> None:
    app.before_request(_start_clock)
    app.after_request(_count)
    app.register_blueprint(pages)
