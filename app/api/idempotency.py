"""`Idempotency-Key`: a POST repeated with the same key and body gets the first answer and does nothing.

The key is claimed in a commit of its own before the view runs. A view that ended in doubt (a crash) leaves the claim
standing: the same key then answers 409 rather than risk doing the thing twice.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request
from flask_babel import gettext as _
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from werkzeug.datastructures import FileStorage

from app.core.context import find_actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid

HEADER = "Idempotency-Key"
LONGEST = 255
_KEY = re.compile(f"[!-~]{{1,{LONGEST}}}")
_KEPT_HEADERS = ("Location", "Content-Type")
_NOTHING_WAS_DONE = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503})

_CLAIM = text(
    "INSERT INTO idempotency_keys (tenant_id, actor, key, request_hash) VALUES (:tenant_id, :actor, :key, :hash) "
    "ON CONFLICT DO NOTHING"
)
_WHERE = " WHERE tenant_id = :tenant_id AND actor = :actor AND key = :key"
_READ = text("SELECT request_hash, status, response FROM idempotency_keys" + _WHERE)
_DROP = text("DELETE FROM idempotency_keys" + _WHERE + " AND status IS NULL")
_KEEP = text("UPDATE idempotency_keys SET status = :status, response = :response" + _WHERE).bindparams(
    bindparam("response", type_=JSONB)
)


@dataclass(frozen=True)
class Claim:
    tenant_id: Any
    actor: str
    key: str

    @property
    def row(self) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "actor": self.actor, "key": self.key}


def begin() -> Response | None:
    """The stored answer of an earlier request, or None when this one is to run. Raises Conflict or Invalid."""
    actor, key = find_actor(), request.headers.get(HEADER, "")
    if request.method != "POST" or not key or actor is None:
        return None
    if not _KEY.fullmatch(key):
        raise Invalid.field(HEADER, _("A chave tem até %(n)s letras, números e sinais, sem espaços.", n=LONGEST))
    claim = Claim(actor.tenant_id, g.api_client, key)
    fingerprint = _fingerprint()
    with transaction() as session:
        if session.execute(_CLAIM, {**claim.row, "hash": fingerprint}).rowcount:
            g.idempotency = claim
            return None
        row = session.execute(_READ, claim.row).one_or_none()
    if row is None or (row.status is None and bytes(row.request_hash) == fingerprint):
        raise Conflict(_("Um pedido com esta chave ainda está em andamento."), code="idempotency_in_progress")
    if bytes(row.request_hash) != fingerprint:
        raise Invalid(_("Esta chave já foi usada em outro pedido."), code="idempotency_key_reused")
    return _replay(row.status, row.response)


def finish(response: Response) -> Response:
    """Keep the answer, or give the key back when nothing was done."""
    claim: Claim | None = g.pop("idempotency", None)
    if claim is None:
        return response
    with transaction() as session:
        if response.status_code in _NOTHING_WAS_DONE:
            session.execute(_DROP, claim.row)
        elif response.status_code < 500 and not response.is_streamed:
            kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            answer = {"body": response.get_data(as_text=True), "headers": kept}
            session.execute(_KEEP, {**claim.row, "status": response.status_code, "response": answer})
    return response


def _replay(status: int, answer: dict[str, Any]) -> Response:
    response = Response(answer["body"], status, answer["headers"])
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _fingerprint() -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype != "multipart/form-data":
        digest.update(request.get_data(cache=True))
        return digest.digest()
    # The boundary differs from try to try, so the parts are hashed and not the bytes.
    for name, value in sorted(request.form.items(multi=True)):
        digest.update(f"{name}={len(value)}:{value}\n".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda pair: pair[0]):
        digest.update(f"{name}:{file.filename}\n".encode())
        _add_file(digest, file)
    return digest.digest()


def _add_file(digest: Any, file: FileStorage) -> None:
    while chunk := file.stream.read(1 << 20):
        digest.update(chunk)
    file.stream.seek(0)
