"""Who is writing to us: addresses turned into one contact, healed when two turn out to be the same person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from app.contacts.models import Contact, ContactIdentity
from app.contacts.queries import people
from app.contacts.rules import search_text
from app.contacts.service.merges import merge_contacts
from app.core import phone as phones
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit
from app.core.permissions import require


@dataclass(frozen=True)
class Address:
    """What a gateway says about a person; any part may be missing. `jid` is the phone address WhatsApp used."""

    jid: str | None = None
    lid: str | None = None
    bsuid: str | None = None
    name: str = ""

    def identities(self) -> list[tuple[str, str, str | None]]:
        """(kind, value, display), the surest first."""
        phone = phones.from_jid(self.jid) if self.jid else None
        found: list[tuple[str, str, str | None]] = []
        if phone:
            found += [("phone", phone.key, phone.e164[1:]), ("jid", self.jid or "", None)]
        elif self.jid and self.jid.endswith("@g.us"):
            found.append(("jid", self.jid, None))
        if self.bsuid:
            found.append(("bsuid", self.bsuid, None))
        if self.lid:
            found.append(("lid", self.lid, None))
        return found


class _Raced(Exception):
    """An identity got an owner between our look and our write."""


def resolve(address: Address) -> Contact:
    """The contact of this address: found by any identity, made when new, merged when two answer to it.

    Learns every identity on the way and brings a deleted contact back. Safe to call at the same time twice.
    """
    require("contacts.write")
    if not address.identities():
        raise ValueError("an address without any identity names nobody")
    try:
        with transaction() as session, session.begin_nested():
            return _resolve(address)
    except (IntegrityError, _Raced):  # somebody made the same person a moment ago
        with transaction():
            return _resolve(address)


def _resolve(address: Address) -> Contact:
    owners = _owners(address)
    contact = owners[0] if owners else _new_contact(address)
    for twin in owners[1:]:
        merge_contacts(contact.id, twin.id, reason="same_address")
    if contact.deleted_at is not None:
        contact.deleted_at = None
        emit("contact.created", contact_id=contact.id)
    _learn(contact, address)
    return contact


def _owners(address: Address) -> list[Contact]:
    """Distinct contacts the identities lead to; a living one first."""
    found: dict[uuid.UUID, Contact] = {}
    for kind, value, _ in address.identities():
        owner = people.find_by_identity(kind, value)
        if owner is not None:
            found[owner.id] = owner
    return sorted(found.values(), key=lambda contact: contact.deleted_at is not None)


def _new_contact(address: Address) -> Contact:
    phone = phones.from_jid(address.jid) if address.jid else None
    e164 = phone.e164 if phone else None
    with transaction() as session:
        contact = Contact(name=address.name.strip()[:200], phone=e164)
        contact.search = search_text(contact.name, e164)
        session.add(contact)
        session.flush()
        emit("contact.created", contact_id=contact.id)
    return contact


def _learn(contact: Contact, address: Address) -> None:
    tenant_id = current_actor().tenant_id
    with transaction() as session:
        for kind, value, display in address.identities():
            known = session.get(ContactIdentity, (tenant_id, kind, value))
            if known is not None and known.contact_id != contact.id:
                raise _Raced
            if known is None:
                session.add(
                    ContactIdentity(tenant_id=tenant_id, kind=kind, value=value, display=display, contact_id=contact.id)
                )
        _complete(contact, address)
        session.flush()


def _complete(contact: Contact, address: Address) -> None:
    """A name or phone that was unknown; what people typed is never overwritten."""
    phone = phones.from_jid(address.jid) if address.jid else None
    if phone and contact.phone is None:
        contact.phone = phone.e164
    if not contact.name and address.name:
        contact.name = address.name.strip()[:200]
    contact.search = search_text(contact.name, contact.phone)


def learn_jid(contact_id: uuid.UUID, jid: str) -> None:
    """The address WhatsApp answered with for this contact's number."""
    resolve_known = people.get_contact(contact_id)
    _learn(resolve_known, Address(jid=jid))
