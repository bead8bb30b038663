"""Answers leave once, whoever asks however often."""

import io
import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.context import acting
from app.core.db import release, transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.inbox import queries, service
from app.inbox.models import Ticket
from app.media.service import take_recording
from app.media.service.sounds import write_voice_note
from tests.factories import make_contact
from tests.inbox.customers import said
from tests.media.test_recordings import recorded

TICKET = "SELECT * FROM tickets WHERE id = :id"


def test_answering_what_waits_takes_it_and_leaves_on_the_high_lane(company, act, ticket, one):
    waiting = ticket()
    with act("agent"):
        sent = service.reply(waiting, client_key="k1", body="Já vejo", sign=True)
        sent_id = sent.id
    row = one(TICKET, id=waiting)
    assert (row["status"], row["user_id"], row["unread_count"]) == ("open", company.users["agent"], 0)
    assert row["last_message_id"] == sent_id
    assert row["first_response_at"] is not None
    assert one("SELECT lane FROM outbox WHERE message_id = :id", id=sent_id)["lane"] == 0
    assert one("SELECT body FROM messages WHERE id = :id", id=sent_id)["body"] == "*Agent:*\nJá vejo"


def test_what_another_system_answers_is_found_and_moves_the_conversation(api_client, ticket, one):
    mine = ticket()
    sent = api_client("manager").post(
        "/messages", json={"ticket_id": str(mine), "message": {"content": "Seu código é Ábaco"}}
    )
    assert sent.status_code == 202
    row = one(TICKET, id=mine)
    assert (str(row["last_message_id"]), row["status"], row["first_response_at"]) == (sent.json["id"], "pending", None)
    found = api_client("manager").get("/tickets?q=abaco").json["data"]
    assert [hit["id"] for hit in found] == [str(mine)]


def test_the_same_key_is_the_same_message_however_often(app, company, act, ticket, rows):
    mine = ticket()
    with act("agent"):
        service.take(mine)
    found, gate = [], threading.Barrier(5)

    def click():
        with app.app_context(), acting(company.actor("agent")):
            gate.wait()
            found.append(service.reply(mine, client_key="double-click", body="uma vez só").id)
            release()

    threads = [threading.Thread(target=click) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 5
    assert len(rows("SELECT id FROM messages WHERE body = 'uma vez só'")) == 1
    assert len(rows("SELECT message_id FROM outbox WHERE message_id = :id", id=found[0])) == 1


def test_a_key_whose_answer_failed_may_be_used_again(act, ticket):
    mine = ticket()
    with act("agent"):
        with pytest.raises(Invalid):
            service.reply(mine, client_key="k", body="  ")
        assert service.reply(mine, client_key="k", body="agora sim").body == "agora sim"


def test_of_two_who_answer_what_waits_one_wins(app, company, second_agent, ticket, rows):
    waiting, outcomes, gate = ticket(), [], threading.Barrier(2)

    def answer(actor):
        with app.app_context(), acting(actor):
            gate.wait()
            try:
                service.reply(waiting, client_key=uuid.uuid4().hex, body="Oi!")
                outcomes.append("sent")
            except (Conflict, NotFound):
                outcomes.append("lost")
            release()

    threads = [threading.Thread(target=answer, args=(who,)) for who in (company.actor("agent"), second_agent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "sent"]
    assert len(rows("SELECT id FROM messages WHERE body = 'Oi!'")) == 1


def test_a_quote_goes_to_the_gateway_and_comes_back_in_the_thread(company, act, ticket, one):
    mine = ticket(words="Tem pão?")
    asked = one("SELECT id, external_id, instance_id FROM messages WHERE ticket_id = :id", id=mine)
    with acting(company.system), transaction() as session:
        session.execute(
            text("INSERT INTO external_refs (instance_id, external_id, tenant_id, message_id) VALUES (:i, :e, :t, :m)"),
            {"i": asked["instance_id"], "e": asked["external_id"], "t": company.tenant_id, "m": asked["id"]},
        )
    with act("agent"):
        sent = service.reply(mine, client_key="q", body="Tem!", reply_to=asked["id"])
        assert sent.reply_to == asked["external_id"]
        assert sent.details["quoted"]["text"] == "Tem pão?"
        drawn = next(
            item for item in queries.thread(mine).items if item.kind == "message" and item.message.id == sent.id
        )
        assert drawn.quote.text == "Tem pão?"
        with pytest.raises(NotFound):
            service.reply(mine, client_key="r", body="x", reply_to=uuid.uuid4())


def test_our_side_may_begin_and_goes_on_with_what_is_open(act, company, number, second_agent, rows):
    with acting(company.system):
        contact = make_contact("Ana").id
    with act("agent"):
        begun = service.start(contact, number)
        assert (begun.status, begun.user_id) == ("open", company.users["agent"])
        begun_id = begun.id
        assert service.start(contact, number).id == begun_id
        service.reply(begun_id, client_key="k", body="Oi, Ana! Seu pedido chegou.")
    with acting(second_agent), pytest.raises(Conflict):
        service.start(contact, number)
    assert rows("SELECT first_response_at FROM tickets") == [{"first_response_at": None}]
    with act("agent"), pytest.raises(NotFound):
        service.start(uuid.uuid4(), number)


def test_quick_replies_are_filled_for_the_conversation(act, company, ticket):
    mine = ticket("Maria Souza")
    with act("manager"):
        reply = service.create_quick_reply(
            "ola", "Oi {primeiro_nome}, aqui é {atendente} da {empresa}. {cidade|Tudo bem}?"
        )
    with act("agent"):
        assert service.fill_quick_reply(reply.id, mine) == "Oi Maria, aqui é Agent da Padaria do Zé. Tudo bem?"


def test_a_blocked_person_can_still_be_taken_and_closed(act, company, ticket, one):
    mine = ticket()
    with acting(company.system), transaction() as session:
        session.execute(text("UPDATE contacts SET is_blocked = true"))
    with act("agent"):
        service.take(mine)
        with pytest.raises(Conflict):
            service.reply(mine, client_key="k", body="oi")
        service.close(mine)
    assert one(TICKET, id=mine)["status"] == "closed"


def test_closing_over_a_word_not_yet_read_is_refused(act, company, ticket, one):
    mine = ticket()
    seen = one(TICKET, id=mine)["last_message_id"]
    with act("agent"):
        service.take(mine)
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, mine)
        session.add(said(row, "espera!"))
        row.last_inbound_at, row.unread_count = clock.now() + timedelta(seconds=1), 1
    with act("agent"):
        with pytest.raises(Conflict):
            service.close(mine, last_seen=seen)
        service.close(mine, ask_rating=False)


def test_another_companys_files_and_contacts_are_out_of_reach(act, outsider, ticket):
    with acting(outsider.actor("admin")):
        make_contact("Alheia")
    mine = ticket()
    with act("agent"), pytest.raises(NotFound):
        service.reply(mine, client_key="m", type="image", media_id=uuid.uuid4())


def test_a_recording_answers_once_it_is_a_voice_note(act, ticket, one):
    mine = ticket()
    with act("agent"):
        recording = take_recording(io.BytesIO(recorded()), "voz.webm").id
        with pytest.raises(Conflict):
            service.reply(mine, client_key="v1", type="voice", media_id=recording)
        assert write_voice_note(recording)
        sent = service.reply(mine, client_key="v1", type="voice", media_id=recording).id
    assert one("SELECT type, media_id FROM messages WHERE id = :id", id=sent) == {
        "type": "voice",
        "media_id": recording,
    }
