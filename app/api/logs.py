"""`/api/v1/logs`: what was done, by whom, as rows or as a file."""

import csv
import io
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from app.core.audit import audit
from app.core.audit_log import MOST, Wanted, list_entries
from app.core.db import transaction
from app.core.paging import MAX_LIMIT
from app.core.schema import Schema, UtcDateTime
from app.core.text import defused

blp = Blueprint("logs", __name__, url_prefix="/logs", description="What was done, and by whom")

_COLUMNS = (
    "created_at",
    "action",
    "source",
    "user_id",
    "token_id",
    "resource_type",
    "resource_id",
    "changes",
    "ip",
    "user_agent",
)


class LogFilterQuery(Schema):
    """`from` and `to` are both included."""

    action = fields.String(
        load_default=None,
        validate=validate.Length(1, 100),
        metadata={"description": "A whole one or its kind.", "example": "campaign.launch"},
    )
    user_id = fields.UUID(load_default=None)
    token_id = fields.UUID(load_default=None, metadata={"description": "Done with this API token."})
    source = fields.String(load_default=None, validate=validate.OneOf(("web", "api", "system", "bot")))
    resource_type = fields.String(load_default=None, validate=validate.Length(1, 100))
    resource_id = fields.UUID(load_default=None)
    since = UtcDateTime(load_default=None, data_key="from")
    until = UtcDateTime(load_default=None, data_key="to")


class LogQuery(LogFilterQuery):
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1))
    cursor = fields.String(load_default=None, metadata={"description": "`next_cursor` of the page before."})


class LogEntrySchema(Schema):
    """`changes`, `ip` and `user_agent` are null to who may not see the audit."""

    id = fields.UUID(required=True)
    created_at = UtcDateTime(required=True)
    action = fields.String(required=True)
    source = fields.String(required=True)
    user_id = fields.UUID(allow_none=True, required=True)
    token_id = fields.UUID(allow_none=True, required=True)
    resource_type = fields.String(required=True)
    resource_id = fields.UUID(allow_none=True, required=True)
    changes = fields.Dict(allow_none=True, required=True)
    ip = fields.String(allow_none=True, required=True)
    user_agent = fields.String(allow_none=True, required=True)


class LogPageSchema(Schema):
    data = fields.List(fields.Nested(LogEntrySchema), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


@blp.get("")
@blp.arguments(LogQuery, location="query")
@blp.response(200, LogPageSchema)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """List what was done

    Newest first, by cursor only: there is no total, and every page is as fast as the first.
    """
    limit, cursor = min(query.pop("limit"), MAX_LIMIT), query.pop("cursor")
    rows, following = list_entries(Wanted(**query), cursor, limit)
    return {"data": rows, "next_cursor": following}


@blp.get("/export")
@blp.arguments(LogFilterQuery, location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
def export(query: dict[str, Any]) -> Response:
    """Download what was done, as CSV

    The newest 10,000 that the filters leave; go further back with `to`.
    """
    return as_file(Wanted(**query))


def as_file(wanted: Wanted) -> Response:
    with transaction():
        rows, _following = list_entries(wanted, None, MOST)
        audit("logs.export", "audit_log", None, {"count": len(rows)})
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(_COLUMNS)
    writer.writerows([[_cell(row[name]) for name in _COLUMNS] for row in rows])
    response = Response("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="recado-logs.csv"'
    return response


def _cell(value: Any) -> str:
    written = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return defused(written)
