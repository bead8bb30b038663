"""One contact, and pages of them that stay flat at a million."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, Uuid, exists, func, literal, select, text, true, tuple_

from app.contacts.models import Contact, ContactIdentity, ContactMerge, ContactTag, Group, GroupMember, Tag
from app.contacts.queries.segments import consent_clause, mine, segment_clause
from app.contacts.rules import search_pattern
from app.core import phone as phones
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.core.errors import Invalid, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.permissions import require

COUNTED = 10_000  # filtered totals are exact up to here; past it pages say "more than"
_ORDERS: dict[str, tuple[list[Any], bool]] = {  # columns, descending
    "recent": ([Contact.id], True),
    "name": ([Contact.name, Contact.id], False),
}


@dataclass(frozen=True)
class Filter:
    """What the list page and the API may ask for; every field narrows."""

    search: str = ""
    group_id: uuid.UUID | None = None
    tag_id: uuid.UUID | None = None
    consent: str = ""  # opted_in, opted_out, none
    blocked: bool | None = None
    import_id: uuid.UUID | None = None
    segment: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """What differs from an empty filter."""
        return {key: str(value) if isinstance(value, uuid.UUID) else value for key, value in self._set().items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Filter:
        ids = {key: uuid.UUID(data[key]) for key in ("group_id", "tag_id", "import_id") if data.get(key)}
        return cls(**(data | ids))

    def _set(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value != getattr(Filter, key)}

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    def without(self, name: str) -> Filter:
        return replace(self, **{name: getattr(Filter(), name)})


def find_contact(contact_id: uuid.UUID) -> Contact | None:
    """Follows merges: an alias answers with the contact that survived."""
    contact = read_session().get(Contact, contact_id)
    if contact is None or contact.tenant_id != current_actor().tenant_id:
        return None
    if contact.merged_into is not None:
        return find_contact(contact.merged_into)
    return contact


def get_contact(contact_id: uuid.UUID) -> Contact:
    require("contacts.read")
    contact = find_contact(contact_id)
    if contact is None or contact.deleted_at is not None:
        raise NotFound
    return contact


def get_contacts(contact_ids: Iterable[uuid.UUID]) -> list[Contact]:
    """The living ones among them, oldest first."""
    statement = select(Contact).where(mine(), Contact.id.in_(list(contact_ids))).order_by(Contact.id)
    return list(read_session().scalars(statement))


def find_by_identity(kind: str, value: str) -> Contact | None:
    """Also a deleted contact: whoever writes to it brings it back."""
    key = (current_actor().tenant_id, kind, value)
    identity = read_session().get(ContactIdentity, key)
    return find_contact(identity.contact_id) if identity else None


def find_by_phone(e164: str) -> Contact | None:
    """With or without the ninth digit."""
    return find_by_identity("phone", phones.canonical_key(e164))


def list_contacts(
    wanted: Filter, *, order: str = "recent", after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[Contact]:
    """One page by key. `next_cursor` continues it; pass it as `after`."""
    require("contacts.read")
    rows = _page_rows(wanted, order, after or before, limit + 1, backwards=bool(before and not after))
    more, rows = len(rows) > limit, rows[:limit]
    if before and not after:
        rows.reverse()
        more = True
    return Page(rows, count_contacts(wanted), 1, limit, _cursor(rows[-1], order) if rows and more else None)


def previous_cursor(page: Page[Contact], order: str) -> str | None:
    return _cursor(page.items[0], order) if page.items else None


def list_numbered(wanted: Filter, page: int, limit: int) -> Page[Contact]:
    """The API's numbered pages, newest first; filtered totals are exact up to a million."""
    require("contacts.read")
    statement = _filtered(wanted).order_by(Contact.id.desc()).limit(limit).offset((page - 1) * limit)
    total = count_contacts(wanted, at_most=1_000_000)
    return Page(list(read_session().scalars(statement)), total, page, limit)


def _page_rows(wanted: Filter, order: str, cursor: str | None, limit: int, *, backwards: bool) -> list[Contact]:
    columns, descending = _ORDERS.get(order, _ORDERS["recent"])
    descending = descending is not backwards
    statement = _filtered(wanted)
    if cursor:
        position = tuple_(*_position(cursor, len(columns)))
        here = tuple_(*columns)
        statement = statement.where(here < position if descending else here > position)
    by = [column.desc() if descending else column.asc() for column in columns]
    return list(read_session().scalars(statement.order_by(*by).limit(limit)))


def _cursor(contact: Contact, order: str) -> str:
    columns, _ = _ORDERS.get(order, _ORDERS["recent"])
    return encode_cursor(*(getattr(contact, column.key) for column in columns))


def _position(cursor: str, size: int) -> list[Any]:
    *names, last = decode_cursor(cursor, size) or []
    try:
        return [*(literal(name or "") for name in names), literal(uuid.UUID(last or ""), Uuid)]
    except ValueError as error:
        raise Invalid.field("cursor", _("cursor inválido")) from error


def _filtered(wanted: Filter) -> Select[tuple[Contact]]:
    return select(Contact).where(mine(), *_clauses(wanted))


def chosen(wanted: Filter) -> Select[tuple[uuid.UUID]]:
    """Ids of all that the filter finds."""
    return select(Contact.id).where(mine(), *_clauses(wanted))


def _clauses(wanted: Filter) -> list[ColumnElement[bool]]:
    clauses = []
    if "@" in wanted.search:
        clauses.append(Contact.email.startswith(wanted.search.strip().lower(), autoescape=True))
    elif wanted.search.strip():
        clauses.append(Contact.id.in_(_found(wanted.search)))
    if wanted.group_id:
        clauses.append(_member(GroupMember.group_id == wanted.group_id, GroupMember.contact_id))
    if wanted.tag_id:
        clauses.append(_member(ContactTag.tag_id == wanted.tag_id, ContactTag.contact_id))
    if wanted.blocked is not None:
        clauses.append(Contact.is_blocked.is_(wanted.blocked))
    if wanted.import_id:
        clauses.append(Contact.import_id == wanted.import_id)
    if wanted.consent:
        clauses.append(consent_clause(wanted.consent))
    if wanted.segment:
        clauses.append(segment_clause(wanted.segment))
    return clauses


def _found(query: str) -> Any:
    """Through the owner's plain view: under the policy no trigram index would be used."""
    statement = text(
        "SELECT id FROM contact_search WHERE merged_into IS NULL AND deleted_at IS NULL AND search ILIKE :pattern"
    )
    return statement.bindparams(pattern=search_pattern(query)).columns(id=Uuid).subquery("found").select()


def _member(condition: ColumnElement[bool], contact: Any) -> ColumnElement[bool]:
    return exists().where(condition, contact == Contact.id)


def count_all() -> int:
    """From the counter that triggers keep: no count(*) over a large table."""
    statement = text("SELECT coalesce(sum(value), 0) FROM counters WHERE tenant_id = :tenant AND name = 'contacts'")
    return int(read_session().scalar(statement, {"tenant": current_actor().tenant_id}) or 0)


def count_contacts(wanted: Filter, *, at_most: int = COUNTED) -> int:
    """Exact up to `at_most`; `at_most + 1` says there are more."""
    if wanted.is_empty:
        return count_all()
    some = select(Contact.id).where(mine(), *_clauses(wanted)).limit(at_most + 1).subquery()
    return int(read_session().scalar(select(func.count()).select_from(some)) or 0)


def identities_of(contact_id: uuid.UUID) -> list[ContactIdentity]:
    statement = select(ContactIdentity).where(ContactIdentity.contact_id == contact_id)
    return list(read_session().scalars(statement.order_by(ContactIdentity.created_at, ContactIdentity.value)))


def tags_of(contact_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Tag]]:
    rows = read_session().execute(
        select(ContactTag.contact_id, Tag)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(ContactTag.contact_id.in_(contact_ids))
        .order_by(Tag.name)
    )
    return _by_contact(rows)


def groups_of(contact_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Group]]:
    rows = read_session().execute(
        select(GroupMember.contact_id, Group)
        .join(Group, Group.id == GroupMember.group_id)
        .where(GroupMember.contact_id.in_(contact_ids))
        .order_by(Group.name)
    )
    return _by_contact(rows)


def _by_contact(rows: Iterable[Any]) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = {}
    for contact_id, item in rows:
        found.setdefault(contact_id, []).append(item)
    return found


def merges_of(contact_id: uuid.UUID) -> list[tuple[ContactMerge, Contact]]:
    """Merges into this contact that may still be undone, newest first, each with the one that went."""
    statement = (
        select(ContactMerge, Contact)
        .join(Contact, Contact.id == ContactMerge.loser_id)
        .where(ContactMerge.winner_id == contact_id, ContactMerge.undone_at.is_(None))
        .order_by(ContactMerge.id.desc())
    )
    return [(merge, loser) for merge, loser in read_session().execute(statement)]


def custom_keys(limit: int = 100) -> list[str]:
    """Names of custom fields in use, from the newest contacts: a suggestion, not a census."""
    newest = select(Contact.custom_fields).where(mine()).order_by(Contact.id.desc()).limit(1000).subquery()
    keys = func.jsonb_object_keys(newest.c.custom_fields).table_valued("key").render_derived()
    statement = select(keys.c.key).select_from(newest.join(keys, true())).distinct().order_by(keys.c.key).limit(limit)
    return list(read_session().scalars(statement))


def walk(wanted: Filter, size: int = 2000) -> Iterator[list[Contact]]:
    """Everybody the filter finds, newest first, a batch to a transaction: no connection is held between them."""
    last: uuid.UUID | None = None
    while True:
        with transaction() as session:
            statement = _filtered(wanted).order_by(Contact.id.desc()).limit(size)
            rows = list(session.scalars(statement.where(Contact.id < last) if last else statement))
            if not rows:
                return
            last = rows[-1].id
            yield rows
            session.expunge_all()


def custom_keys_of(wanted: Filter, limit: int = 200) -> list[str]:
    """Every custom field in use among them: reads them all, so only for jobs."""
    found = select(Contact.custom_fields).where(mine(), *_clauses(wanted)).subquery()
    keys = func.jsonb_object_keys(found.c.custom_fields).table_valued("key").render_derived()
    statement = select(keys.c.key).select_from(found.join(keys, true())).distinct().order_by(keys.c.key).limit(limit)
    return list(read_session().scalars(statement))
