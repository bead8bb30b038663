"""Every failure of the API is an RFC 9457 problem."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, json, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_smorest import Blueprint
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from app.api.words import in_our_words
from app.core.errors import AppError, Conflict, Invalid, Unavailable
from app.ui import errors as pages

log = structlog.get_logger(__name__)

TYPE = "application/problem+json"
PREFIX = "/api/"
_PLACES = frozenset({"json", "query", "querystring", "form", "files", "headers", "path", "json_or_form"})
_TITLES = {
    400: _l("Não entendemos esse pedido"),
    401: _l("Entre na sua conta para continuar"),
    403: _l("Você não tem permissão para isso"),
    404: _l("Não encontramos o que você procura"),
    405: _l("Este endereço não aceita esse método"),
    413: _l("O corpo do pedido é grande demais"),
    415: _l("O tipo do conteúdo não é aceito aqui"),
    422: _l("Alguns campos precisam de correção"),
    429: _l("Muitos pedidos; espere um pouco"),
}
_CRASHED = _l("Algo quebrou do nosso lado; o erro já foi registrado")


def problem(
    status: int, title: object, *, detail: object = None, code: str = "", errors: list[dict[str, str]] | None = None
) -> Response:
    body: dict[str, Any] = {"type": "about:blank", "title": str(title), "status": status}
    body["detail"] = str(detail or title)
    body["code"] = code or HTTPStatus(status).name.lower()
    body["request_id"] = g.get("request_id", "")
    if errors:
        body["errors"] = errors
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type=TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="recado"'
    return response


def on_app_error(error: AppError) -> ResponseReturnValue:
    errors = [{"field": item.field, "message": item.message} for item in error.errors]
    response = problem(error.status, error.title, detail=error.message, code=error.code, errors=errors)
    if retry_after := getattr(error, "retry_after", None):
        response.headers["Retry-After"] = str(retry_after)
    return response


def on_http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    messages = (getattr(error, "data", None) or {}).get("messages")
    if messages:
        return problem(status, Invalid.title, code=Invalid.code, errors=field_errors(messages))
    response = problem(status, _TITLES.get(status, error.name))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers.setdefault(name, value)
    return response


def field_errors(messages: Any) -> list[dict[str, str]]:
    """marshmallow's nested messages as rows; where they were found (body, query) is left out."""
    if isinstance(messages, dict):
        return [row for place, inner in messages.items() for row in _rows(inner, "" if place in _PLACES else place)]
    return list(_rows(messages, ""))


def _rows(messages: Any, path: str) -> Iterator[dict[str, str]]:
    """`field` is a dotted path, empty for the body as a whole."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _rows(inner, path if name == "_schema" else f"{path}.{name}".lstrip("."))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield {"field": path, "message": in_our_words(str(message))}


def on_database_down(error: Exception) -> ResponseReturnValue:
    log.error("database_unavailable", exc_info=True)
    response = problem(503, Unavailable.title, code=Unavailable.code)
    response.headers["Retry-After"] = "5"
    return response


def on_unwritable(error: DBAPIError) -> ResponseReturnValue:
    """A value the schemas let through and the database did not; worth a better schema."""
    log.warning("unwritable", exc_info=True)
    if isinstance(error, IntegrityError):
        return problem(409, Conflict.title, code=Conflict.code)
    return problem(422, Invalid.title, code=Invalid.code)


def on_lost_file(error: FileNotFoundError) -> ResponseReturnValue:
    """The storage no longer has it: purged by age, or not part of the backup that was restored."""
    log.warning("stored_file_gone", file=error.filename)
    return problem(404, _TITLES[404])


def on_crash(error: InternalServerError) -> ResponseReturnValue:
    """What broke is in the log under the request id; the caller learns nothing of it."""
    return problem(500, _CRASHED)


def register(frame: Blueprint) -> None:
    frame.register_error_handler(AppError, on_app_error)
    frame.register_error_handler(HTTPException, on_http)
    frame.register_error_handler(InternalServerError, on_crash)
    frame.register_error_handler(FileNotFoundError, on_lost_file)
    frame.register_error_handler(IntegrityError, on_unwritable)
    frame.register_error_handler(DataError, on_unwritable)
    frame.register_error_handler(OperationalError, on_database_down)
    frame.register_error_handler(PoolTimeout, on_database_down)


def init_app(app: Flask) -> None:
    """Addresses that match no route belong to no blueprint, so the application answers for them."""

    def unmatched(error: HTTPException) -> ResponseReturnValue:
        return on_http(error) if request.path.startswith(PREFIX) else pages.on_http(error)

    for status in (404, 405, 413, 415):
        app.register_error_handler(status, unmatched)
