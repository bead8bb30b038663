"""A ledger with one message of each kind, and its conversation."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core import clock, ids
from app.core.context import acting
from app.core.db import transaction
from app.inbox.models import Ticket
from app.messages.models import Message, MessageEvent
from tests.factories import Company, make_contact, make_instance


@pytest.fixture
def write(company: Company) -> Callable[..., uuid.UUID]:
    """`write(direction="inbound", ...)`: a row of the company's ledger, as it would be after its journey."""

    def make(at: datetime | None = None, **fields: Any) -> uuid.UUID:
        at = at or clock.now()
        usual = {
            "id": ids.new_id(at),
            "contact_id": uuid.uuid4(),
            "direction": "outbound",
            "sender_type": "user",
            "status": "sent",
            "body": "Oi",
            "thread_at": at,
            "created_at": at,
        }
        with acting(company.actor()), transaction() as session:
            usual["instance_id"] = fields.get("instance_id") or make_instance().id
            message = Message(**{**usual, **fields})
            session.add(message)
            session.flush()
            session.add(MessageEvent(message_id=message.id, status=message.status, at=at))
            return message.id

    return make


@pytest.fixture
def ticket(company: Company) -> Callable[..., Ticket]:
    def make(**fields: Any) -> uuid.UUID:
        with acting(company.actor()), transaction() as session:
            contact, instance = make_contact(), make_instance()
            row = Ticket(contact_id=contact.id, instance_id=instance.id, **fields)
            session.add(row)
            session.flush()
            return row.id

    return make


@pytest.fixture
def minutes_ago() -> Callable[[float], datetime]:
    return lambda minutes: clock.now() - timedelta(minutes=minutes)
