"""Rows for tests, made through the same tables as the application, always by real commits."""

import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import text

from app.accounts.models import User
from app.contacts.models import Contact, ContactIdentity
from app.contacts.rules import search_text
from app.core import ids
from app.core.context import Actor, acting, system
from app.core.crypto import seal
from app.core.db import transaction
from app.core.permissions import ROLES
from app.core.phone import canonical_key
from app.instances.models import Instance
from app.outbox.models import InstancePace

_numbers = count(80_000_000)

PASSWORD = "senha-bem-comprida-1"
# bcrypt of PASSWORD at cost 4: signing in is tested with real hashes, cheaply.
PASSWORD_HASH = "$2b$04$y2qMBjDtAReZMNSPIRVGu./nRKH0juxvDJhqwdKR4VJDavi.K1Om2"


@dataclass
class Company:
    tenant_id: uuid.UUID
    users: dict[str, uuid.UUID] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)

    def actor(self, role: str = "admin") -> Actor:
        return Actor(tenant_id=self.tenant_id, user_id=self.users[role], role=role, source="web", ip="127.0.0.1")

    @property
    def system(self) -> Actor:
        return system(self.tenant_id)


def make_company(name: str = "Padaria do Zé") -> Company:
    company = Company(tenant_id=ids.new_id())
    with acting(company.system), transaction() as session:
        session.execute(
            text("SELECT create_tenant(:id, :name, :slug)"),
            {"id": company.tenant_id, "name": name, "slug": f"t-{company.tenant_id.hex}"},
        )
        for role in ROLES:
            user = User(email=f"{role}-{company.tenant_id.hex}@exemplo.com.br", name=role.title(), role=role)
            user.password_hash = PASSWORD_HASH
            session.add(user)
            session.flush()
            company.users[role], company.emails[role] = user.id, user.email
    return company


def new_phone() -> str:
    """A valid, unused Brazilian mobile in digits: 55 11 9XXXXXXXX."""
    number = next(n for n in _numbers if n % 10_000)  # the simulator's people ending in 0000 aren't on WhatsApp
    return f"55119{number}"


def make_contact(name: str = "Maria Souza", phone: str | None = None, **fields: Any) -> Contact:
    """Inside an acting() block."""
    digits = phone or new_phone()
    with transaction() as session:
        contact = Contact(name=name, phone=f"+{digits}", search=search_text(name, digits), **fields)
        session.add(contact)
        session.flush()
        session.add(
            ContactIdentity(
                tenant_id=contact.tenant_id,
                kind="phone",
                value=canonical_key(digits),
                display=digits,
                contact_id=contact.id,
            )
        )
    return contact


def make_instance(
    name: str = "Loja",
    base_url: str = "http://127.0.0.1:9",
    api_key: str = "test-key",
    token: str = "",
    **fields: Any,
) -> Instance:
    """A connected Evolution number with its pace row; inside an acting() block."""
    with transaction() as session:
        instance = Instance(
            name=name,
            provider="evolution",
            external_name=f"loja-{uuid.uuid4().hex[:12]}",
            status=fields.pop("status", "connected"),
            is_provisioned=True,
            credentials=seal({"base_url": base_url, "api_key": api_key, "token": token}),
            **fields,
        )
        session.add(instance)
        session.flush()
        session.add(InstancePace(instance_id=instance.id, tenant_id=instance.tenant_id))
    return instance
