"""Which contacts a filter means, as a SELECT of ids.

A search goes through the owner's plain view: under the policy no trigram index would be used, and PostgreSQL 18 joins a
self-join back into one scan under it. So with a search every other condition is asked of the view too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Boolean, ColumnElement, DateTime, Select, Text, Uuid, column, exists, or_, select, table

from app.contacts.models import Contact, ContactTag, GroupMember
from app.contacts.queries.segments import consent_clause
from app.contacts.rules import search_patterns
from app.core.context import current_actor

_VIEW = table(
    "contact_search",
    *(column(name, Uuid) for name in ("id", "tenant_id", "merged_into", "import_id")),
    *(column(name, Text) for name in ("search", "name", "phone", "email")),
    *(column(name, DateTime(timezone=True)) for name in ("opted_in_at", "opted_out_at", "deleted_at")),
    column("is_blocked", Boolean),
)


@dataclass(frozen=True)
class Filter:
    """What the list page and the API may ask for; every field narrows."""

    search: str = ""
    group_id: uuid.UUID | None = None
    tag_id: uuid.UUID | None = None
    consent: str = ""  # opted_in, opted_out, none
    blocked: bool | None = None
    import_id: uuid.UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """What differs from an empty filter."""
        given = {key: value for key, value in vars(self).items() if value != getattr(Filter, key)}
        return {key: str(value) if isinstance(value, uuid.UUID) else value for key, value in given.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Filter:
        ids = {key: uuid.UUID(data[key]) for key in ("group_id", "tag_id", "import_id") if data.get(key)}
        return cls(**(data | ids))

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    def without(self, name: str) -> Filter:
        return replace(self, **{name: getattr(Filter, name)})


def source_of(wanted: Filter) -> Any:
    """The columns to filter and order by."""
    return _VIEW.c if search_patterns(wanted.search) else Contact


def chosen(wanted: Filter) -> Select[Any]:
    """Ids of the living contacts that the filter finds."""
    source = source_of(wanted)
    living = (source.merged_into.is_(None), source.deleted_at.is_(None))
    return select(source.id).where(source.tenant_id == current_actor().tenant_id, *living, *_clauses(wanted, source))


def _clauses(wanted: Filter, source: Any) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [
        or_(*(source.search.ilike(pattern, escape="\\") for pattern in patterns))
        for patterns in search_patterns(wanted.search)
    ]
    if "@" in wanted.search:
        clauses.append(source.email.startswith(wanted.search.strip().lower(), autoescape=True))
    if wanted.group_id:
        clauses.append(exists().where(GroupMember.group_id == wanted.group_id, GroupMember.contact_id == source.id))
    if wanted.tag_id:
        clauses.append(exists().where(ContactTag.tag_id == wanted.tag_id, ContactTag.contact_id == source.id))
    if wanted.blocked is not None:
        clauses.append(source.is_blocked.is_(wanted.blocked))
    if wanted.import_id:
        clauses.append(source.import_id == wanted.import_id)
    if wanted.consent:
        clauses.append(consent_clause(wanted.consent, source))
    return clauses
