"""Where Evolution posts its events: check the secret, store the bytes, answer. Parsing is the worker's.

400, 401, 403, 404 and 422 make the gateway drop an event for good, so only a stranger is told 401; when the database is
away the answer is 503 and the gateway tries again.
"""

import time
from uuid import UUID

from flask import Blueprint, Flask, Response, request
from redis.exceptions import RedisError
from sqlalchemy import text
from werkzeug.exceptions import RequestEntityTooLarge

from app.core.background import nudge
from app.core.crypto import same, token_hash
from app.core.ids import new_id
from app.extensions import csrf, db

blueprint = Blueprint("evolution_webhook", __name__, url_prefix="/webhooks/evolution")

MAX_BODY = 140 * 1024 * 1024  # a video in base64, inside JSON
REMEMBER_SECONDS = 30.0
NUDGE_WINDOW = 0.25
_TARGET = text("SELECT tenant_id, secret_hash FROM find_webhook_target(:id)")
_STORE = text("SELECT store_inbound(:id, :tenant, :instance, :raw)")
_NOBODY = b"\0" * 32

_targets: dict[UUID, tuple[float, UUID, bytes]] = {}


def init_app(app: Flask) -> None:
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


@blueprint.post("/<uuid:instance_id>")
@blueprint.post("/<uuid:instance_id>/<path:event>")  # an instance set to "webhook by events" appends its name
def receive(instance_id: UUID, event: str = "") -> Response:
    request.max_content_length = MAX_BODY
    tenant_id, secret_hash = _target(instance_id)
    if not same(token_hash(_secret()), secret_hash) or tenant_id is None:
        return Response(status=401)
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return Response(status=413)
    if raw:
        _store(instance_id, tenant_id, raw)
        _wake()
    return Response(status=200)


def _secret() -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _target(instance_id: UUID) -> tuple[UUID | None, bytes]:
    """Remembered for a while: secrets rarely change, and a burst should cost one statement per event."""
    known = _targets.get(instance_id)
    if known and known[0] > time.monotonic():
        return known[1], known[2]
    with db.engine.connect() as connection:
        row = connection.execute(_TARGET, {"id": instance_id}).first()
    if row is None or row.secret_hash is None:
        return None, _NOBODY
    _targets[instance_id] = (time.monotonic() + REMEMBER_SECONDS, row.tenant_id, bytes(row.secret_hash))
    return row.tenant_id, bytes(row.secret_hash)


def _store(instance_id: UUID, tenant_id: UUID, raw: bytes) -> None:
    """One statement, one commit. The same bytes again change nothing."""
    row = {"id": new_id(), "tenant": tenant_id, "instance": instance_id, "raw": raw}
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(_STORE, row)


def _wake() -> None:
    """Best effort: the sweep finds what a lost nudge would have announced."""
    try:
        nudge("webhooks.process", NUDGE_WINDOW)
    except RedisError:
        return
