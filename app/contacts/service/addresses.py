"""Phones and addresses that sending teaches us; what arrives is resolved in `resolving`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import text

from app.contacts.models import Contact, ContactIdentity
from app.contacts.queries import people
from app.contacts.rules import search_text
from app.contacts.service.people import phone_problem
from app.core import clock
from app.core import phone as phones
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.facts import emit

_LEARN = text("""
    INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
    SELECT :tenant, CASE WHEN w.jid LIKE '%@lid' THEN 'lid' ELSE 'jid' END, w.jid, w.contact_id
    FROM unnest(cast(:jids AS text[]), cast(:contacts AS uuid[])) AS w(jid, contact_id)
    JOIN contacts c ON c.id = w.contact_id
    ON CONFLICT DO NOTHING
""")
_UNREACHABLE = text("UPDATE contacts SET unreachable_at = :now WHERE id = ANY (cast(:ids AS uuid[]))")


def ensure_phone(raw: str) -> uuid.UUID:
    """The contact with this phone, made when new: sending to somebody is how a system introduces them."""
    tenant = _tenant_defaults()
    try:
        phone = phones.parse(raw, *tenant)
    except phones.PhoneError as exc:
        raise Invalid.field("recipient", phone_problem(exc.code)) from exc
    found = people.find_by_phone(phone.e164)
    if found is not None:
        return found.id
    with transaction() as session:
        contact = Contact(phone=phone.e164, search=search_text("", phone.e164))
        session.add(contact)
        session.flush()
        session.add(
            ContactIdentity(
                tenant_id=contact.tenant_id,
                kind="phone",
                value=phone.key,
                display=phone.e164[1:],
                contact_id=contact.id,
            )
        )
        emit("contact.created", contact_id=contact.id)
    return contact.id


def _tenant_defaults() -> tuple[str, str | None]:
    with transaction() as session:
        row = session.execute(
            text("SELECT region, area_code FROM tenants WHERE id = :id"), {"id": current_actor().tenant_id}
        ).one_or_none()
    if row is None:
        raise Invalid(_("Empresa não encontrada"))
    return row.region, row.area_code


def learn_addresses(pairs: Sequence[tuple[uuid.UUID, str]]) -> None:
    """Addresses that WhatsApp answered with; the first learned stays."""
    if not pairs:
        return
    with transaction() as session:
        session.execute(
            _LEARN,
            {
                "tenant": current_actor().tenant_id,
                "jids": [jid for _contact, jid in pairs],
                "contacts": [str(contact) for contact, _jid in pairs],
            },
        )


def mark_unreachable(contact_ids: Sequence[uuid.UUID]) -> None:
    """WhatsApp said the number is not there; any inbound message clears it."""
    if not contact_ids:
        return
    with transaction() as session:
        session.execute(_UNREACHABLE, {"now": clock.now(), "ids": [str(i) for i in contact_ids]})
