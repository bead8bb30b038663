"""What a body may be before anybody looks at its fields."""

from collections.abc import Iterator
from typing import Any

from flask import request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.core.errors import Invalid
from app.core.text import is_storable

MOST_JSON_BYTES = 1024 * 1024  # parsed in the web process, where larger ones would hold everybody up
_UPLOAD = "multipart/form-data"


def check() -> None:
    """Raises for types nobody reads, nesting nobody writes and characters the database refuses."""
    _check_texts(request.args.values(), "query")
    _check_texts((request.view_args or {}).values(), "path")
    if request.mimetype == _UPLOAD:
        return
    request.max_content_length = MOST_JSON_BYTES
    if not request.get_data(cache=True):
        return
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = request.get_json(silent=True)
    except RecursionError as error:
        raise BadRequest from error
    _check_texts(_texts(body), "")


def _check_texts(values: Any, field: str) -> None:
    if not all(is_storable(value) for value in values if isinstance(value, str)):
        raise Invalid.field(field, _("O texto tem caracteres que não podem ser guardados."))


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            pending += value
