"""A company that attends: a second agent, queues, conversations that wait."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.accounts.models import User
from app.core import clock
from app.core.context import Actor, acting
from app.core.db import release, transaction
from app.inbox.models import Queue, QueueMember, Ticket
from tests.factories import PASSWORD_HASH, Company, make_contact, make_instance
from tests.inbox.customers import online, said, say, settings
from tests.inbox.screens import crowd, visit, writes

__all__ = ["crowd", "online", "say", "settings", "visit", "writes"]  # fixtures


@pytest.fixture
def second_agent(company: Company) -> Actor:
    return make_agent(company, "Bruna Lima")


def make_agent(company: Company, name: str, **fields: Any) -> Actor:
    with acting(company.system), transaction() as session:
        user = User(email=f"{uuid.uuid4().hex}@exemplo.com.br", name=name, role="agent", **fields)
        user.password_hash = PASSWORD_HASH
        session.add(user)
        session.flush()
        return Actor(tenant_id=company.tenant_id, user_id=user.id, role="agent", source="web")


@pytest.fixture
def number(company: Company) -> uuid.UUID:
    with acting(company.system):
        return make_instance().id


@pytest.fixture
def queue(company: Company) -> Callable[..., uuid.UUID]:
    """`queue("Vendas", members=[user_id])`"""

    def make(name: str = "Vendas", members: Any = (), **fields: Any) -> uuid.UUID:
        with acting(company.system), transaction() as session:
            row = Queue(name=name, **fields)
            session.add(row)
            session.flush()
            session.add_all(QueueMember(queue_id=row.id, user_id=user_id) for user_id in members)
            return row.id

    return make


@pytest.fixture
def ticket(company: Company, number: uuid.UUID) -> Callable[..., uuid.UUID]:
    """A conversation that a customer began, with its first message."""

    def make(name: str = "Maria Souza", words: str = "Oi", **fields: Any) -> uuid.UUID:
        now = clock.now()
        with acting(company.system), transaction() as session:
            contact_id = fields.pop("contact_id", None) or make_contact(name).id
            usual = {"unread_count": 1, "last_inbound_at": now, "last_message_at": now, "instance_id": number}
            row = Ticket(contact_id=contact_id, **{**usual, **fields})
            session.add(row)
            session.flush()
            message = said(row, words)
            session.add(message)
            session.flush()
            row.last_message_id = message.id
            return row.id

    return make


@pytest.fixture
def rows(company: Company) -> Callable[..., list[Any]]:
    def read(sql: str, **values: Any) -> list[Any]:
        with acting(company.system), transaction() as session:
            found = session.execute(text(sql), values).mappings().all()
        release()
        return list(found)

    return read


@pytest.fixture
def one(rows: Callable[..., list[Any]]) -> Callable[..., Any]:
    def read(sql: str, **values: Any) -> Any:
        (row,) = rows(sql, **values)
        return row

    return read
