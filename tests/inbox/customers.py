"""What customers of a test do, and what the company says by itself: fixtures for the tests of arrivals."""

import uuid
from typing import Any

import pytest

from app.core import clock, ids
from app.core.context import acting
from app.core.text import fold
from app.gateways.events import Content, MessageReceived
from app.inbox import service
from app.inbox.models import Ticket
from app.inbox.service import presence
from app.messages.models import Message

MARIA = "5511912345678@s.whatsapp.net"


@pytest.fixture
def say(company, number):
    """`say("Oi")`: the customer writes; `say("Oi", from_me=True)`: somebody of ours, on the phone."""

    def make(words="Oi", *, jid=MARIA, at=None, from_me=False, kind="text", is_group=False, key=None, **more):
        return MessageReceived(
            channel="loja", external_id=key or uuid.uuid4().hex, jid=jid, phone=None, lid=None,
            push_name=None if from_me else "Maria Souza", from_me=from_me, source="android", is_group=is_group,
            content=Content(kind, words), quoted_id=None, at=at or clock.now(), **more)  # fmt: skip

    def arrive(*words, **more):
        events = [make(one, **more) if isinstance(one, str) else one for one in words]
        with acting(company.system):
            service.receive(number, events)

    arrive.make = make
    return arrive


@pytest.fixture
def settings(act):
    def save(**changes):
        with act("admin"):
            return service.save_settings(**changes)

    return save


@pytest.fixture
def online(company):
    return lambda *people: [presence.arrive(company.tenant_id, person, "s") for person in people]


def spoken(rows):
    return [r["body"] for r in rows("SELECT body FROM messages WHERE sender_type = 'system' ORDER BY thread_at, id")]


def closed_by(act, one, ticket_id, **how):
    with act("agent"):
        service.take(ticket_id)
        service.close(ticket_id, **how)


def people(n):
    return f"55119{70000000 + n}@s.whatsapp.net"


def said(ticket: Ticket, words: str, **fields: Any) -> Message:
    now = clock.now()
    usual = {
        "id": ids.new_id(),
        "instance_id": ticket.instance_id,
        "contact_id": ticket.contact_id,
        "ticket_id": ticket.id,
        "direction": "inbound",
        "sender_type": "contact",
        "status": "received",
        "body": words,
        "search": fold(words),
        "external_id": uuid.uuid4().hex,
        "thread_at": now,
        "created_at": now,
    }
    return Message(**{**usual, **fields})
