"""Who is writing to us, for a whole batch: known people by one look-up, new ones by one insert.

What is not plain (a deleted person who writes again, addresses that lead to two people) goes the careful way, one by
one, in `identities.resolve`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.contacts.rules import search_text
from app.contacts.service.identities import Address, resolve
from app.core import ids
from app.core import phone as phones
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit_many
from app.core.permissions import require

Key = tuple[str, str]

_KNOWN = text("""
    SELECT i.kind, i.value, c.id, c.name, c.phone, c.email, c.deleted_at IS NULL AND c.merged_into IS NULL AS is_plain
    FROM unnest(cast(:kinds AS text[]), cast(:values AS text[])) AS w(kind, value)
    JOIN contact_identities i ON i.tenant_id = :tenant AND i.kind = w.kind AND i.value = w.value
    JOIN contacts c ON c.id = i.contact_id
""")
_MAKE = text("""
    INSERT INTO contacts (id, tenant_id, name, phone, search)
    SELECT t.id, :tenant, t.name, t.phone, t.search FROM unnest(cast(:ids AS uuid[]), cast(:names AS text[]),
        cast(:phones AS text[]), cast(:searches AS text[])) AS t(id, name, phone, search)
""")
_LEARN = text("""
    INSERT INTO contact_identities (tenant_id, kind, value, display, contact_id)
    SELECT :tenant, t.kind, t.value, t.display, t.contact_id
    FROM unnest(cast(:kinds AS text[]), cast(:values AS text[]),
        cast(:displays AS text[]), cast(:contacts AS uuid[])) AS t(kind, value, display, contact_id)
""")
# Only what is still as we read it: a person may be editing the contact.
_COMPLETE = text("""
    UPDATE contacts c SET name = t.name, phone = t.phone, search = t.search, updated_at = now()
    FROM unnest(cast(:ids AS uuid[]), cast(:old_names AS text[]), cast(:old_phones AS text[]), cast(:names AS text[]),
        cast(:phones AS text[]), cast(:searches AS text[])) AS t(id, old_name, old_phone, name, phone, search)
    WHERE c.id = t.id AND c.name = t.old_name AND c.phone IS NOT DISTINCT FROM t.old_phone
""")


@dataclass
class _Person:
    """A contact as it is and as it becomes. `learned` maps new identities to what is displayed."""

    id: uuid.UUID
    old_name: str = ""
    old_phone: str | None = None
    email: str | None = None
    is_new: bool = False
    is_plain: bool = True
    known: set[Key] = field(default_factory=set)
    learned: dict[Key, str | None] = field(default_factory=dict)
    name: str = ""
    phone: str | None = None

    @property
    def search(self) -> str:
        return search_text(self.name, self.phone)

    @property
    def is_completed(self) -> bool:
        return not self.is_new and (self.name, self.phone) != (self.old_name, self.old_phone)

    def take(self, address: Address) -> None:
        """A name or phone that was unknown; what people typed is never overwritten."""
        phone = phones.from_jid(address.jid) if address.jid else None
        self.phone = self.phone or (phone.e164 if phone else None)
        self.name = self.name or address.name.strip()[:200]


def resolve_many(addresses: Sequence[Address]) -> list[uuid.UUID]:
    """The contact of each address, in order. Learns every identity on the way. Safe to call at the same time twice."""
    require("contacts.write")
    distinct = list(dict.fromkeys(addresses))
    if any(not address.identities() for address in distinct):
        raise ValueError("an address without any identity names nobody")
    try:
        with transaction() as session, session.begin_nested():
            found, odd = _sort_out(distinct)
    except IntegrityError:  # somebody made one of them a moment ago
        found, odd = {}, distinct
    for address in odd:
        found[address] = resolve(address).id
    return [found[address] for address in addresses]


def _sort_out(addresses: Sequence[Address]) -> tuple[dict[Address, uuid.UUID], list[Address]]:
    """Contacts of the plain addresses, written; and the addresses that are not plain."""
    owners = _known({(kind, value) for address in addresses for kind, value, _display in address.identities()})
    found: dict[Address, _Person] = {}
    odd: list[Address] = []
    for address in addresses:
        person = _owner(address, owners)
        if person is None:
            odd.append(address)
            continue
        for kind, value, display in address.identities():
            if owners.setdefault((kind, value), person) is person and (kind, value) not in person.known:
                person.learned.setdefault((kind, value), display)
        person.take(address)
        found[address] = person
    _write(list({person.id: person for person in found.values()}.values()))
    return {address: person.id for address, person in found.items()}, odd


def _owner(address: Address, owners: dict[Key, _Person]) -> _Person | None:
    """None when it is not plain whose address this is."""
    keys = [(kind, value) for kind, value, _display in address.identities()]
    people = {owners[key].id: owners[key] for key in keys if key in owners}
    if not people:
        return _Person(ids.new_id(), is_new=True)
    (person, *others) = people.values()
    return person if not others and person.is_plain else None


def _known(keys: set[Key]) -> dict[Key, _Person]:
    ordered = sorted(keys)
    values = {"kinds": [kind for kind, _value in ordered], "values": [value for _kind, value in ordered]}
    people: dict[uuid.UUID, _Person] = {}
    owners: dict[Key, _Person] = {}
    with transaction() as session:
        for row in session.execute(_KNOWN, {**_tenant(), **values}):
            person = owners[row.kind, row.value] = people.setdefault(row.id, _as_person(row))
            person.known.add((row.kind, row.value))
    return owners


def _as_person(row: Any) -> _Person:
    return _Person(row.id, row.name, row.phone, row.email, is_plain=row.is_plain, name=row.name, phone=row.phone)


def _tenant() -> dict[str, uuid.UUID]:
    return {"tenant": current_actor().tenant_id}


def _write(people: list[_Person]) -> None:
    made = [person for person in people if person.is_new]
    completed = sorted((person for person in people if person.is_completed), key=lambda person: person.id)
    # One order for every process: two of them that learn the same keys wait for each other, never in a ring.
    learned = sorted((key, display or "", person.id) for person in people for key, display in person.learned.items())
    with transaction() as session:
        if made:
            session.execute(_MAKE, {**_tenant(), **_columns(made)})
            emit_many([("contact.created", {"contact_id": person.id}) for person in made])
        if learned:
            session.execute(_LEARN, {**_tenant(), **_identities(learned)})
        if completed:
            old = {
                "old_names": [person.old_name for person in completed],
                "old_phones": [person.old_phone for person in completed],
            }
            session.execute(_COMPLETE, {**_columns(completed), **old})


def _columns(people: list[_Person]) -> dict[str, list[Any]]:
    return {
        "ids": [str(person.id) for person in people],
        "names": [person.name for person in people],
        "phones": [person.phone for person in people],
        "searches": [person.search for person in people],
    }


def _identities(learned: list[tuple[Key, str, uuid.UUID]]) -> dict[str, list[Any]]:
    return {
        "kinds": [kind for (kind, _value), _display, _contact in learned],
        "values": [value for (_kind, value), _display, _contact in learned],
        "displays": [display or None for _key, display, _contact in learned],
        "contacts": [str(contact) for _key, _display, contact in learned],
    }
