"""An attendant types, hears it and sends that very audio."""

import uuid

import pytest

from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.inbox import service
from app.inbox.models import Ticket
from app.messages.models import Message
from app.outbox.models import OutboxRow
from app.voice import jobs
from tests.factories import make_contact, make_instance


@pytest.fixture
def ticket(as_admin, company) -> uuid.UUID:
    instance, person = make_instance(), make_contact()
    with transaction() as session:
        made = Ticket(instance_id=instance.id, contact_id=person.id, status="open", user_id=company.users["admin"])
        session.add(made)
        session.flush()
        return made.id


def heard(company, ticket: uuid.UUID, text: str) -> uuid.UUID:
    audio_id = service.speak_draft(ticket, text).id
    jobs.make(str(company.tenant_id), str(audio_id))
    return audio_id


def test_what_was_heard_is_sent(company, ticket):
    audio_id = heard(company, ticket, "Seu pedido está pronto.")
    message_id = service.send_spoken(ticket, audio_id, "Seu pedido está pronto.", client_key="k1").id
    again = service.send_spoken(ticket, audio_id, "Seu pedido está pronto.", client_key="k1").id
    with transaction() as session:
        message, row = session.get(Message, message_id), session.get(OutboxRow, message_id)
        assert (message.type, message.body, message.media_id) == ("voice", "Seu pedido está pronto.", audio_id)
        assert (row.held, row.lane) == (None, 0)
    assert again == message_id


def test_only_what_was_heard_is_sent(company, ticket):
    audio_id = heard(company, ticket, "Seu pedido está pronto.")
    with pytest.raises(Conflict, match="ouça de novo"):
        service.send_spoken(ticket, audio_id, "Seu pedido atrasou.", client_key="k1")


def test_an_audio_that_is_not_ready_is_not_sent(ticket):
    audio_id = service.speak_draft(ticket, "Ainda não.").id
    with pytest.raises(Conflict, match="ouça antes"):
        service.send_spoken(ticket, audio_id, "Ainda não.", client_key="k1")


@pytest.mark.parametrize("text", ["", "  ", "😀"])
def test_nothing_to_say(ticket, text):
    with pytest.raises(Invalid):
        service.speak_draft(ticket, text)
