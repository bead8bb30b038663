"""Pages of rows: numbered for the API's first pages, by key (keyset) for anything deep."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.core.errors import Invalid

Row = TypeVar("Row")
MAX_LIMIT = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`total` may be an estimate on tables too large to count; `next_cursor` continues without OFFSET."""

    items: Sequence[Row]
    total: int
    page: int
    limit: int
    next_cursor: str | None = None

    @property
    def total_pages(self) -> int:
        return max(1, -(-self.total // self.limit))

    @property
    def has_next(self) -> bool:
        return self.next_cursor is not None or self.page < self.total_pages

    @property
    def has_previous(self) -> bool:
        return self.page > 1


def clamp(page: int | None, limit: int | None, default: int = 50) -> tuple[int, int]:
    return max(1, page or 1), min(MAX_LIMIT, max(1, limit or default))


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(p) if p is not None else None for p in parts]).encode()).decode()


def decode_cursor(cursor: str | None, size: int) -> list[str | None] | None:
    """Raises Invalid for a cursor that we did not make."""
    if not cursor:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError as exc:
        raise Invalid.field("cursor", "cursor inválido") from exc
    if not isinstance(parts, list) or len(parts) != size:
        raise Invalid.field("cursor", "cursor inválido")
    return parts
