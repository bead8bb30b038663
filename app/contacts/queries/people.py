"""One contact, and pages of them that stay flat at a million."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, Uuid, func, literal, select, text, true, tuple_

from app.contacts.models import Contact, ContactIdentity, ContactMerge, ContactTag, Group, GroupMember, Tag
from app.contacts.queries.finding import Filter, chosen, source_of
from app.contacts.queries.segments import mine
from app.core import phone as phones
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.core.errors import Invalid, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.permissions import require

COUNTED = 1000  # filtered totals are exact up to here; past it pages say "more than"
_ORDERS: dict[str, tuple[tuple[str, ...], bool]] = {
    "recent": (("id",), True),
    "name": (("name", "id"), False),
}  # descending


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
    backwards = bool(before and not after)
    found = _page_ids(wanted, order, after or before, limit + 1, backwards=backwards)
    rows = _loaded(found[:limit])
    if backwards:
        rows.reverse()
    more = backwards or len(found) > limit
    return Page(rows, count_contacts(wanted), 1, limit, _cursor(rows[-1], order) if rows and more else None)


def previous_cursor(page: Page[Contact], order: str) -> str | None:
    return _cursor(page.items[0], order) if page.items else None


def list_numbered(wanted: Filter, page: int, limit: int, order: str = "recent") -> Page[Contact]:
    """The API's numbered pages; filtered totals are exact up to a million. `next_cursor` goes on by key."""
    require("contacts.read")
    names, descending = _ORDERS[order]
    columns = [getattr(source_of(wanted), name) for name in names]
    by = [column.desc() if descending else column.asc() for column in columns]
    statement = chosen(wanted).order_by(*by).limit(limit + 1).offset((page - 1) * limit)
    total = count_contacts(wanted, at_most=1_000_000)
    found = list(read_session().scalars(statement))
    rows = _loaded(found[:limit])
    return Page(rows, total, page, limit, _cursor(rows[-1], order) if rows and len(found) > limit else None)


def _page_ids(wanted: Filter, order: str, cursor: str | None, limit: int, *, backwards: bool) -> list[uuid.UUID]:
    names, descending = _ORDERS.get(order, _ORDERS["recent"])
    columns = [getattr(source_of(wanted), name) for name in names]
    descending = descending is not backwards
    statement = chosen(wanted)
    if cursor:
        here, position = tuple_(*columns), tuple_(*_position(cursor, len(columns)))
        statement = statement.where(here < position if descending else here > position)
    by = [column.desc() if descending else column.asc() for column in columns]
    return list(read_session().scalars(statement.order_by(*by).limit(limit)))


def _loaded(contact_ids: Sequence[uuid.UUID]) -> list[Contact]:
    """In the order of the ids."""
    found = read_session().scalars(select(Contact).where(Contact.id.in_(contact_ids))) if contact_ids else ()
    rows = {contact.id: contact for contact in found}
    return [rows[contact_id] for contact_id in contact_ids if contact_id in rows]


def _cursor(contact: Contact, order: str) -> str:
    names, _ = _ORDERS.get(order, _ORDERS["recent"])
    return encode_cursor(*(getattr(contact, name) for name in names))


def _position(cursor: str, size: int) -> list[Any]:
    *names, last = decode_cursor(cursor, size) or []
    try:
        return [*(literal(name or "") for name in names), literal(uuid.UUID(last or ""), Uuid)]
    except ValueError as error:
        raise Invalid.field("cursor", _("cursor inválido")) from error


def count_all() -> int:
    """From the counter that triggers keep: no count(*) over a large table."""
    statement = text("SELECT coalesce(sum(value), 0) FROM counters WHERE tenant_id = :tenant AND name = 'contacts'")
    return int(read_session().scalar(statement, {"tenant": current_actor().tenant_id}) or 0)


def count_contacts(wanted: Filter, *, at_most: int = COUNTED) -> int:
    """Exact up to `at_most`; `at_most + 1` says there are more."""
    if wanted.is_empty:
        return count_all()
    some = chosen(wanted).limit(at_most + 1).subquery()
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
    return _keys_in(select(Contact.custom_fields).where(mine()).order_by(Contact.id.desc()).limit(1000), limit)


def custom_keys_of(wanted: Filter, limit: int = 200) -> list[str]:
    """Every custom field in use among them: reads them all, so only for jobs."""
    return _keys_in(select(Contact.custom_fields).where(Contact.id.in_(chosen(wanted))), limit)


def _keys_in(some: Select[Any], limit: int) -> list[str]:
    found = some.subquery()
    keys = func.jsonb_object_keys(found.c.custom_fields).table_valued("key").render_derived()
    statement = select(keys.c.key).select_from(found.join(keys, true())).distinct().order_by(keys.c.key).limit(limit)
    return list(read_session().scalars(statement))


def walk(wanted: Filter, size: int = 2000) -> Iterator[list[Contact]]:
    """Everybody the filter finds, newest first, a batch to a transaction: no connection is held between them."""
    last: uuid.UUID | None = None
    newest = source_of(wanted).id
    while True:
        with transaction() as session:
            statement = chosen(wanted).order_by(newest.desc()).limit(size)
            ids = list(session.scalars(statement.where(newest < last) if last else statement))
            if not ids:
                return
            last, rows = ids[-1], _loaded(ids)
            session.expunge_all()
        yield rows
