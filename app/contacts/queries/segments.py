"""Saved filters as SQL: what lists, the contacts page and campaign audiences share.

A filter is `{"match": "all"|"any", "conditions": [{"field", "op", "value", "key"?}]}`; `check_filters` says what is
allowed, so that what is stored can always be turned into SQL.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, case, cast, exists, func, not_, or_, select, true

from app.contacts.models import Contact, ContactTag, GroupMember
from app.core import clock
from app.core.context import current_actor
from app.core.db import read_session
from app.core.text import fold

OPERATORS: dict[str, tuple[str, ...]] = {
    "group": ("in", "not_in"),
    "tag": ("in", "not_in"),
    "consent": ("is",),
    "blocked": ("is",),
    "name": ("contains", "equals", "filled", "empty"),
    "email": ("contains", "filled", "empty"),
    "phone": ("contains", "filled", "empty"),
    "custom": ("equals", "not_equals", "contains", "filled", "empty", "before", "after", "more_than", "less_than"),
    "created": ("last_days", "before", "after"),
    "last_interaction": ("last_days", "older_than_days", "never", "before", "after"),
}
CONSENTS = ("opted_in", "opted_out", "none")
MAX_CONDITIONS = 30
# A value written 31/12/2026 or 2026-12-31 sorts as a date; anything else is none and matches no comparison.
_DATE = r"^(\d{2})/(\d{2})/(\d{4})$"
_ISO = r"^\d{4}-\d{2}-\d{2}$"
_NUMBER = r"^-?\d{1,15}([.,]\d{1,6})?$"


def mine() -> ColumnElement[bool]:
    """Living contacts of the acting tenant, in the very words of the partial indexes."""
    tenant = Contact.tenant_id == current_actor().tenant_id
    return and_(tenant, Contact.merged_into.is_(None), Contact.deleted_at.is_(None))


def segment_clause(filters: dict[str, Any]) -> ColumnElement[bool]:
    """Over `Contact`; an empty filter is everybody."""
    clauses = [_clause(condition) for condition in filters.get("conditions", [])]
    if not clauses:
        return true()
    return or_(*clauses) if filters.get("match") == "any" else and_(*clauses)


def count_segment(filters: dict[str, Any], at_most: int = 100_000) -> int:
    """Exact up to `at_most`; `at_most + 1` says there are more."""
    some = select(Contact.id).where(mine(), segment_clause(filters)).limit(at_most + 1).subquery()
    return int(read_session().scalar(select(func.count()).select_from(some)) or 0)


def segment_sample(filters: dict[str, Any], limit: int = 10) -> list[Contact]:
    statement = select(Contact).where(mine(), segment_clause(filters)).order_by(Contact.id.desc()).limit(limit)
    return list(read_session().scalars(statement))


def consent_clause(consent: str, source: Any = Contact) -> ColumnElement[bool]:
    if consent == "opted_out":
        return source.opted_out_at.is_not(None)
    if consent == "opted_in":
        return and_(source.opted_in_at.is_not(None), source.opted_out_at.is_(None))
    return and_(source.opted_in_at.is_(None), source.opted_out_at.is_(None))


def _clause(condition: dict[str, Any]) -> ColumnElement[bool]:
    return _FIELDS[condition["field"]](condition)


def _group(condition: dict[str, Any]) -> ColumnElement[bool]:
    ids = [uuid.UUID(value) for value in condition["value"]]
    found = exists().where(GroupMember.group_id.in_(ids), GroupMember.contact_id == Contact.id)
    return found if condition["op"] == "in" else not_(found)


def _tag(condition: dict[str, Any]) -> ColumnElement[bool]:
    ids = [uuid.UUID(value) for value in condition["value"]]
    found = exists().where(ContactTag.tag_id.in_(ids), ContactTag.contact_id == Contact.id)
    return found if condition["op"] == "in" else not_(found)


def _consent(condition: dict[str, Any]) -> ColumnElement[bool]:
    return consent_clause(condition["value"])


def _blocked(condition: dict[str, Any]) -> ColumnElement[bool]:
    return Contact.is_blocked.is_(bool(condition["value"]))


def _words(column: Any) -> Callable[[dict[str, Any]], ColumnElement[bool]]:
    def clause(condition: dict[str, Any]) -> ColumnElement[bool]:
        op, filled = condition["op"], func.coalesce(column, "") != ""
        if op in ("filled", "empty"):
            return filled if op == "filled" else not_(filled)
        if op == "equals":
            return func.lower(column) == condition["value"].strip().lower()
        if column is Contact.name:  # accents aside, as the search does
            return Contact.search.contains(fold(condition["value"]), autoescape=True)
        return func.lower(column).contains(condition["value"].strip().lower(), autoescape=True)

    return clause


def _custom(condition: dict[str, Any]) -> ColumnElement[bool]:
    value = func.coalesce(Contact.custom_fields[condition["key"]].astext, "")
    op, wanted = condition["op"], str(condition.get("value") or "").strip()
    if op in ("filled", "empty"):
        return (value != "") if op == "filled" else (value == "")
    if op in ("before", "after"):
        return _compared(_as_date(value), wanted, op)
    if op in ("more_than", "less_than"):
        return _compared(_as_number(value), float(wanted.replace(",", ".")), op)
    if op == "contains":
        return func.lower(value).contains(wanted.lower(), autoescape=True)
    same = func.lower(value) == wanted.lower()
    return same if op == "equals" else not_(same)


def _compared(left: Any, right: Any, op: str) -> ColumnElement[bool]:
    return func.coalesce(left < right if op in ("before", "less_than") else left > right, False)


def _as_date(value: Any) -> Any:
    """As YYYY-MM-DD text, which sorts as dates do; to_date() would fail the whole query on 31/02/2026."""
    day = func.left(value, 10)
    from_brazil = func.regexp_replace(day, _DATE, r"\3-\2-\1")
    return case((day.regexp_match(_DATE), from_brazil), (day.regexp_match(_ISO), day))


def _as_number(value: Any) -> Any:
    number = cast(func.replace(value, ",", "."), Numeric)
    return case((value.regexp_match(_NUMBER), number))


def _moment(column: Any) -> Callable[[dict[str, Any]], ColumnElement[bool]]:
    def clause(condition: dict[str, Any]) -> ColumnElement[bool]:
        op, value = condition["op"], condition.get("value")
        if op == "never":
            return column.is_(None)
        if op == "last_days":
            return column >= clock.now() - timedelta(days=int(value))
        if op == "older_than_days":
            return column < clock.now() - timedelta(days=int(value))
        return column < _day(value) if op == "before" else column >= _day(value) + timedelta(days=1)

    return clause


def _day(value: Any) -> datetime:
    return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC)


_FIELDS: dict[str, Callable[[dict[str, Any]], ColumnElement[bool]]] = {
    "group": _group,
    "tag": _tag,
    "consent": _consent,
    "blocked": _blocked,
    "name": _words(Contact.name),
    "email": _words(Contact.email),
    "phone": _words(Contact.phone),
    "custom": _custom,
    "created": _moment(Contact.created_at),
    "last_interaction": _moment(Contact.last_message_at),
}


def check_filters(filters: Any) -> list[str]:
    """Paths that are wrong, such as `conditions.0.value`; none when the filter can be stored."""
    if not isinstance(filters, dict):
        return ["filters"]
    conditions = filters.get("conditions", [])
    if filters.get("match", "all") not in ("all", "any") or not isinstance(conditions, list):
        return ["match"] if isinstance(conditions, list) else ["conditions"]
    if len(conditions) > MAX_CONDITIONS:
        return ["conditions"]
    return [f"conditions.{at}.{wrong}" for at, item in enumerate(conditions) if (wrong := _wrong_part(item))]


def _wrong_part(condition: Any) -> str | None:
    field = condition.get("field") if isinstance(condition, dict) else None
    if field not in OPERATORS:
        return "field"
    if condition.get("op") not in OPERATORS[field]:
        return "op"
    if field == "custom" and not str(condition.get("key") or "").strip():
        return "key"
    return None if _value_fits(field, condition["op"], condition.get("value")) else "value"


def _value_fits(field: str, op: str, value: Any) -> bool:
    if op in ("filled", "empty", "never"):
        return True
    if field in ("group", "tag"):
        return isinstance(value, list) and bool(value) and all(_is_uuid(item) for item in value)
    if field == "consent":
        return value in CONSENTS
    if field == "blocked":
        return isinstance(value, bool)
    if op in ("last_days", "older_than_days"):
        return str(value).isdigit() and 0 < int(value) <= 36_500
    if op in ("before", "after"):
        return _is_day(value)
    if op in ("more_than", "less_than"):
        return re.fullmatch(_NUMBER[1:-1], str(value)) is not None
    return isinstance(value, str) and 0 < len(value.strip()) <= 200


def _is_uuid(value: Any) -> bool:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def _is_day(value: Any) -> bool:
    try:
        _day(value)
    except ValueError:
        return False
    return True
