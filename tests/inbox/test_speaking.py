"""An attendant types, hears it and sends that very audio."""

import uuid

import pytest
from sqlalchemy import text

from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.inbox import service
from app.inbox.models import Ticket
from app.messages.models import Message
from app.outbox.models import OutboxRow
from app.voice import jobs
from app.voice import service as voices
from tests.factories import make_contact, make_instance


@pytest.fixture
def ticket(as_admin, company) -> uuid.UUID:
    instance, person = make_instance(), make_contact()
    with transaction() as session:
        made = Ticket(instance_id=instance.id, contact_id=person.id, status="open", user_id=company.users["admin"])
        session.add(made)
        session.flush()
        return made.id


def heard(company, ticket: uuid.UUID, words: str) -> uuid.UUID:
    audio_id = service.speak_draft(ticket, words).id
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


def test_another_voice_of_the_company_may_speak(company, ticket, client_for):
    voices.ensure_first()
    slow = voices.create_config(name="Devagar", speaking_rate=0.6).id
    usual = service.speak_draft(ticket, "Seu pedido está pronto.").id
    other = service.speak_draft(ticket, "Seu pedido está pronto.", slow).id
    assert other != usual
    jobs.make(str(company.tenant_id), str(other))
    message_id = service.send_spoken(ticket, other, "Seu pedido está pronto.", client_key="k1").id
    with transaction() as session:
        assert session.get(Message, message_id).media_id == other
    page = client_for("admin").submit(f"/inbox/{ticket}/voice", {"body": "Oi, tudo bem?", "voice_config": str(slow)})
    words = page.get_data(as_text=True)
    assert f'<option value="{slow}" selected>Devagar</option>' in words


def test_a_voice_that_is_off_or_anothers_is_the_usual_one(ticket, company, outsider):
    voices.ensure_first()
    off = voices.create_config(name="Outra", speaking_rate=0.6).id
    usual = service.speak_draft(ticket, "Seu pedido está pronto.").id
    voices.update_config(off, is_active=False)
    assert service.speak_draft(ticket, "Seu pedido está pronto.", off).id == usual
    assert service.speak_draft(ticket, "Seu pedido está pronto.", uuid.uuid4()).id == usual


def test_a_bubble_whose_audio_went_says_so_and_shows_the_words(company, ticket, client_for):
    audio_id = heard(company, ticket, "Seu pedido está pronto.")
    message_id = service.send_spoken(ticket, audio_id, "Seu pedido está pronto.", client_key="k1").id
    page = client_for("admin").get(f"/inbox/{ticket}").get_data(as_text=True)
    assert str(audio_id) in page
    with transaction() as session:
        session.execute(text("DELETE FROM media WHERE id = :id"), {"id": audio_id})
    page = client_for("admin").get(f"/inbox/{ticket}").get_data(as_text=True)
    bubble = page.split(f'id="m-{message_id}"')[1].split("</li>")[0]
    assert "ninguém o usava" in bubble
    assert "Seu pedido está pronto." in bubble


@pytest.mark.parametrize("words", ["", "  ", "😀"])
def test_nothing_to_say(ticket, words):
    with pytest.raises(Invalid):
        service.speak_draft(ticket, words)
