"""The frame of `/api/v1`: authentication, limits, errors, paging, the document. See README.md for writing a feature."""

import importlib

from flask import Flask, Response, jsonify
from flask_smorest import Blueprint

from app.api import auth, bodies, cors, docs, health, idempotency, limits, logs, problems
from app.api.document import PREFIX, Api, finished, make_api
from app.extensions import csrf

FEATURES = (
    "app.accounts.api",
    "app.contacts.api",
    "app.instances.api",
    "app.templates.api",
    "app.media.api",
    "app.messages.api",
    "app.voice.api",
    "app.campaigns.api",
    "app.outbox.api",
    "app.inbox.api",
    "app.hooks.api",
    "app.webhooks.api",
    "app.alerts.api",
)


def init_app(app: Flask) -> None:
    api = make_api(app)
    frame = _frame(api)
    for name in FEATURES:
        for blp in _blueprints(name):
            _nest(frame, blp)
    _nest(frame, health.blp)
    _nest(frame, logs.blp)
    app.register_blueprint(frame)
    frame.register_views_in_doc(api, app, api.spec, name=frame.name, parameters=None)
    problems.init_app(app)
    health.init_app(app)
    docs.init_app(app, lambda: finished(api))


def _blueprints(name: str) -> tuple[Blueprint, ...]:
    """A room has one `blp`, or `blps` where it is a package of several resources."""
    room = importlib.import_module(name)
    return room.blps if hasattr(room, "blps") else (room.blp,)


def _frame(api: Api) -> Blueprint:
    frame = Blueprint("api", __name__, url_prefix=PREFIX)
    csrf.exempt(frame)
    for step in (limits.limit_address, auth.authenticate, limits.limit_client, bodies.check, idempotency.begin):
        frame.before_request(step)
    frame.after_request(cors.add_headers)
    frame.after_request(limits.add_headers)
    frame.after_request(idempotency.finish)
    problems.register(frame)

    def openapi() -> Response:
        return jsonify(finished(api))

    super(Blueprint, frame).add_url_rule("/openapi.json", "openapi", openapi)
    return frame


def _nest(frame: Blueprint, blp: Blueprint) -> None:
    """Its calls are filed under its own name, and the public ones say so."""
    csrf.exempt(blp)
    for endpoint, methods in blp._docs.items():
        for operation in (info for name, info in methods.items() if name != "parameters"):
            operation["tags"] = operation["tags"] or [blp.name]
            if f"{frame.name}.{blp.name}.{endpoint}" in auth.PUBLIC:
                operation.setdefault("manual_doc", {})["x-public"] = True
    frame.register_blueprint(blp)
