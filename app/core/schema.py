"""Shared shapes of the API's JSON: strict bodies, UTC times, pages."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.core.paging import MAX_LIMIT

Schema = ma.Schema  # an unknown field in a body is refused (marshmallow's own default), so that typing errors show


class UtcDateTime(fields.AwareDateTime):
    """ISO 8601 with an offset in, UTC out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=UTC, **kwargs)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class PageQuery(Schema):
    """`?page=&limit=&cursor=`; a limit above the largest is taken as the largest (`core.paging.clamp`)."""

    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=1_000_000))
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(min=1),
        metadata={"description": f"Rows per page; more than {MAX_LIMIT} counts as {MAX_LIMIT}."},
    )
    cursor = fields.String(
        load_default=None, metadata={"description": "`next_cursor` of the page before; flat at any depth."}
    )


@cache
def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """The envelope of a list; dumps a `core.paging.Page`."""
    shape = {
        "data": fields.List(fields.Nested(item), attribute="items", required=True),
        "total": fields.Integer(required=True),
        "page": fields.Integer(required=True),
        "total_pages": fields.Integer(required=True),
        "next_cursor": fields.String(allow_none=True),
    }
    return type(f"{item.__name__.removesuffix('Schema')}PageSchema", (Schema,), shape)
