"""Making and changing one contact."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from app.accounts.models import Tenant
from app.contacts.models import Contact, ContactIdentity, GroupMember
from app.contacts.queries import labels, people
from app.contacts.rules import MAX_CUSTOM_FIELDS, search_text
from app.contacts.service.labels import set_tags
from app.core import clock, throttle
from app.core import phone as phones
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.facts import emit
from app.core.permissions import require


@dataclass(frozen=True)
class NewContact:
    name: str = ""
    phone: str | None = None
    email: str | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    group_ids: Sequence[uuid.UUID] = ()
    tags: Sequence[str] = ()
    opted_in_source: str | None = None


def create_contact(new: NewContact) -> Contact:
    """Raises Invalid for an unusable phone, Conflict when the phone is somebody's already.

    A deleted contact with that phone comes back, with its opt-out as it was.
    """
    require("contacts.write")
    with transaction() as session:
        phone = read_phone(new.phone) if new.phone else None
        contact = _revived(phone) if phone else None
        if contact is None:
            contact = Contact()
            session.add(contact)
        _fill(contact, new, phone)
        session.flush()
        if phone:
            put_phone(contact, phone)
        _join(contact, new)
        audit("contact.create", "contact", contact.id, {"name": contact.name, "phone": contact.phone})
        emit("contact.created", contact_id=contact.id)
    return contact


def _revived(phone: phones.Phone) -> Contact | None:
    found = people.find_by_phone(phone.e164)
    if found is None:
        return None
    if found.deleted_at is None:
        raise phone_taken(found)
    found.deleted_at = None
    return found


def phone_taken(owner: Contact) -> Conflict:
    message = _("Este telefone já é de %(name)s.", name=owner.name or phones.format_phone(owner.phone or ""))
    return Conflict(message, errors=[FieldError("phone", message)], code="phone_taken")


def _fill(contact: Contact, new: NewContact, phone: phones.Phone | None) -> None:
    contact.name = (new.name or "").strip()
    contact.email = clean_email(new.email)
    contact.custom_fields = clean_custom(new.custom_fields)
    contact.notes = (new.notes or "").strip()
    contact.phone = phone.e164 if phone else None
    if new.opted_in_source and contact.opted_out_at is None:
        contact.opted_in_at, contact.opted_in_source = clock.now(), new.opted_in_source
    if not (contact.name or contact.phone or contact.email):
        raise Invalid.field("name", _("Informe ao menos um nome, telefone ou e-mail."))
    refresh_search(contact)


def _join(contact: Contact, new: NewContact) -> None:
    with transaction() as session:
        for group_id in dict.fromkeys(new.group_ids):
            labels.get_group(group_id)
            session.merge(GroupMember(tenant_id=contact.tenant_id, group_id=group_id, contact_id=contact.id))
        if new.tags:
            set_tags(contact.id, new.tags)


def read_phone(raw: str) -> phones.Phone:
    """By the tenant's region and area code. Raises Invalid on `phone`."""
    with transaction() as session:
        tenant = session.get_one(Tenant, current_actor().tenant_id)
    try:
        return phones.parse(raw, tenant.region, tenant.area_code)
    except phones.PhoneError as error:
        raise Invalid.field("phone", phone_problem(error.code)) from error


def phone_problem(code: str) -> str:
    return {
        "missing": _("Informe o telefone."),
        "letters": _("O telefone não pode ter letras."),
        "too_short": _("Faltam dígitos no telefone."),
        "too_long": _("O telefone tem dígitos a mais."),
        "area_missing": _("Informe o DDD."),
        "area_unknown": _("Este DDD não existe."),
    }.get(code, _("Este telefone não existe. Confira os dígitos."))


def clean_email(email: str | None) -> str | None:
    text = (email or "").strip().lower()
    if text and ("@" not in text or " " in text or len(text) > 254):
        raise Invalid.field("email", _("Este e-mail não é válido."))
    return text or None


def clean_custom(fields: Mapping[str, Any]) -> dict[str, str]:
    """Strings only, empty ones dropped."""
    cleaned = {str(key).strip()[:50]: str(value).strip() for key, value in fields.items() if value is not None}
    cleaned = {key: value for key, value in cleaned.items() if key and value}
    if len(cleaned) > MAX_CUSTOM_FIELDS or any(len(value) > 5000 for value in cleaned.values()):
        raise Invalid.field("custom_fields", _("São campos demais, ou um deles é longo demais."))
    return cleaned


def refresh_search(contact: Contact) -> None:
    contact.search = search_text(contact.name, contact.phone)


def put_phone(contact: Contact, phone: phones.Phone) -> None:
    """Adds the identity; the phone must be free or the contact's own. Raises Conflict."""
    owner = people.find_by_identity("phone", phone.key)
    if owner is not None and owner.id != contact.id:
        raise phone_taken(owner)
    if owner is None:
        with transaction() as session:
            session.add(
                ContactIdentity(
                    tenant_id=contact.tenant_id,
                    kind="phone",
                    value=phone.key,
                    display=phone.e164[1:],
                    contact_id=contact.id,
                )
            )


_EDITABLE = ("name", "phone", "email", "custom_fields", "notes")


def update_contact(contact_id: uuid.UUID, changes: Mapping[str, Any]) -> Contact:
    """`changes` may hold name, phone, email, custom_fields (whole), notes, tags and group_ids; others stay."""
    require("contacts.write")
    with transaction() as session:
        contact = people.get_contact(contact_id)
        before = {key: getattr(contact, key) for key in _EDITABLE if key in changes}
        worn = _labels_of(contact.id, changes)
        _apply(contact, changes)
        refresh_search(contact)
        session.flush()
        if "tags" in changes:
            set_tags(contact.id, changes["tags"])
        if "group_ids" in changes:
            _set_groups(contact, changes["group_ids"])
        after = {key: [old, getattr(contact, key)] for key, old in before.items() if old != getattr(contact, key)}
        now_worn = _labels_of(contact.id, changes)
        after |= {key: [old, now_worn[key]] for key, old in worn.items() if old != now_worn[key]}
        audit("contact.update", "contact", contact.id, after)
        emit("contact.updated", contact_id=contact.id)
    return contact


def _labels_of(contact_id: uuid.UUID, changes: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names of the tags and groups that are about to change, for the record."""
    read = {"tags": people.tags_of, "group_ids": people.groups_of}
    return {
        key: sorted(one.name for one in of([contact_id]).get(contact_id, []))
        for key, of in read.items()
        if key in changes
    }


def _apply(contact: Contact, changes: Mapping[str, Any]) -> None:
    if "phone" in changes:
        _change_phone(contact, changes["phone"])
    if "name" in changes:
        contact.name = (changes["name"] or "").strip()
    if "email" in changes:
        contact.email = clean_email(changes["email"])
    if "custom_fields" in changes:
        contact.custom_fields = clean_custom(changes["custom_fields"] or {})
    if "notes" in changes:
        contact.notes = (changes["notes"] or "").strip()
    if not (contact.name or contact.phone or contact.email):
        raise Invalid.field("name", _("Informe ao menos um nome, telefone ou e-mail."))


def _change_phone(contact: Contact, raw: str | None) -> None:
    """The old number stops naming this person."""
    phone = read_phone(raw) if raw else None
    old_key = phones.canonical_key(contact.phone) if contact.phone else None
    if phone:
        put_phone(contact, phone)
    if old_key and (phone is None or phone.key != old_key):
        with transaction() as session:
            old = session.get(ContactIdentity, (contact.tenant_id, "phone", old_key))
            if old is not None:
                session.delete(old)
    if phone is None or phone.e164 != contact.phone:
        contact.unreachable_at = None
    contact.phone = phone.e164 if phone else None


def _set_groups(contact: Contact, group_ids: Sequence[uuid.UUID]) -> None:
    wanted = {labels.get_group(group_id).id for group_id in group_ids}
    current = {group.id for group in people.groups_of([contact.id]).get(contact.id, [])}
    with transaction() as session:
        for group_id in wanted - current:
            session.add(GroupMember(group_id=group_id, contact_id=contact.id))
        for group_id in current - wanted:
            session.delete(session.get_one(GroupMember, (group_id, contact.id)))


def change_contact(
    contact_id: uuid.UUID,
    changes: Mapping[str, Any],
    *,
    is_blocked: bool | None = None,
    opted_out: bool | None = None,
    source: str = "api",
) -> Contact:
    """Details, block and consent in one transaction."""
    with transaction():
        contact = update_contact(contact_id, changes) if changes else people.get_contact(contact_id)
        if is_blocked is not None:
            set_blocked(contact_id, blocked=is_blocked)
        if opted_out is not None:
            opt_out(contact_id, source) if opted_out else opt_in(contact_id, source)
    return contact


def view_contact(contact_id: uuid.UUID) -> Contact:
    """One person's data shown to somebody, which is on record."""
    contact = people.get_contact(contact_id)
    note_view(contact.id)
    return contact


def note_view(contact_id: uuid.UUID) -> None:
    """On record once an hour for each who looks: pages fetch themselves again all the time."""
    actor = current_actor()
    if not throttle.hit(f"view:{actor.user_id}:{actor.source}:{contact_id}", "1 per hour"):
        audit("contact.view", "contact", contact_id)


def set_blocked(contact_id: uuid.UUID, *, blocked: bool) -> Contact:
    require("contacts.write")
    with transaction():
        contact = people.get_contact(contact_id)
        contact.is_blocked = blocked
        audit("contact.block" if blocked else "contact.unblock", "contact", contact.id)
        emit("contact.blocked" if blocked else "contact.unblocked", contact_id=contact.id)
    return contact


def opt_out(contact_id: uuid.UUID, source: str) -> Contact:
    """`source` says where the wish came from: word, page, api, phone… The first date stays."""
    require("contacts.write")
    with transaction():
        contact = people.get_contact(contact_id)
        if contact.opted_out_at is None:
            contact.opted_out_at, contact.opted_out_source = clock.now(), source
            audit("contact.opt_out", "contact", contact.id, {"source": source})
            emit("contact.opted_out", contact_id=contact.id, source=source)
    return contact


def opt_in(contact_id: uuid.UUID, source: str) -> Contact:
    """Also ends an opt-out: only a person's own wish calls this, never an import."""
    require("contacts.write")
    with transaction():
        contact = people.get_contact(contact_id)
        contact.opted_in_at, contact.opted_in_source = clock.now(), source
        contact.opted_out_at = contact.opted_out_source = None
        audit("contact.opt_in", "contact", contact.id, {"source": source})
        emit("contact.opted_in", contact_id=contact.id, source=source)
    return contact
