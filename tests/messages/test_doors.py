import io
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.inbox.models import Ticket
from app.media.service import store_upload
from app.messages.models import Message
from app.outbox.models import Lane, OutboxRow
from app.templates.service import create_template
from tests.factories import make_contact, make_instance, new_phone


@pytest.fixture
def instance(company):
    with acting(company.actor()):
        return str(make_instance().id)


@pytest.fixture
def send(api_client, instance):
    """`send(role, recipient=…, message=…)`: POST /messages through the company's number."""

    def post(role="manager", content="Oi", **body):
        message = {"type": "text", "content": content, **body.pop("message", {})}
        whole = {"instance_id": instance, "message": message, **body}
        if not {"recipient", "ticket_id", "contact_id"} & whole.keys():
            whole["recipient"] = f"+{new_phone()}"
        return api_client(role).post("/messages", json=whole)

    return post


def fields(answer):
    assert answer.status_code == 422, answer.json
    return {error["field"] for error in answer.json["errors"]}


def test_a_text_is_queued_and_can_be_followed(api_client, send):
    made = send(content="Olá!")
    assert (made.status_code, made.json["status"]) == (202, "queued")
    shown = api_client("manager").get(f"/messages/{made.json['id']}").json
    assert (shown["text"], shown["direction"], shown["sender_type"], shown["type"]) == (
        "Olá!",
        "outbound",
        "api",
        "text",
    )
    assert shown["explanation"]["code"] == "queued"
    assert "Na fila" in shown["explanation"]["text"]


def test_the_same_key_queues_once(api_client, instance):
    api = api_client()
    body = {"instance_id": instance, "recipient": f"+{new_phone()}", "message": {"type": "text", "content": "Oi"}}
    first, again = (api.post("/messages", json=body, headers={"Idempotency-Key": "k1"}) for _try in range(2))
    assert first.json == again.json
    assert api.get("/messages").json["total"] == 1


def test_a_file_travels_as_what_it_is(company, api_client, send):
    with acting(company.actor()):
        media = str(store_upload(io.BytesIO(b"%PDF-1.7 a"), "tabela.pdf").id)
    made = send(content="Segue", message={"type": None, "media_id": media})
    shown = api_client().get(f"/messages/{made.json['id']}").json
    assert (shown["type"], shown["media"]["file_name"], shown["text"]) == ("document", "tabela.pdf", "Segue")
    assert shown["media"]["url"].endswith(f"{media}/content")


def test_a_file_by_address_must_be_a_public_one(api_client, send):
    good = send(message={"type": "image", "media_url": "http://127.0.0.1:9/foto.png"})
    assert good.status_code == 202  # this network is let through by the settings of the tests
    assert api_client().get(f"/messages/{good.json['id']}").json["media"]["url"] == "http://127.0.0.1:9/foto.png"
    for url in ("http://10.0.0.1/foto.png", "file:///etc/passwd", "http://user:pw@127.0.0.1/a", "foto.png"):
        assert fields(send(message={"type": "image", "media_url": url})) == {"message.media_url"}
    assert fields(send(message={"type": "text", "media_url": "http://127.0.0.1:9/a"})) == {"message.type"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"content": " "}, {"message.content"}),
        ({"content": "x" * 4097}, {"message.content"}),
        ({"message": {"type": "image"}}, {"message.media_url"}),
        ({"message": {"type": "fax"}}, {"message.type"}),
        ({"message": {"options": {"delay": 20_001}}}, {"message.options.delay"}),
        ({"recipient": "banana"}, {"recipient"}),
        ({"priority": "urgent"}, {"priority"}),
        ({"instance_id": None}, {"instance_id"}),
    ],
)
def test_wrong_fields_are_named(send, body, wrong):
    assert fields(send(**body)) == wrong


@pytest.mark.parametrize(
    ("priority", "lane"), [("high", Lane.HIGH), ("normal", Lane.NORMAL), ("low", Lane.LATER), (None, Lane.NORMAL)]
)
def test_a_priority_is_a_lane(company, send, priority, lane):
    sent = send(priority=priority)
    assert sent.status_code == 202
    with acting(company.actor()), transaction() as session:
        assert session.get(OutboxRow, uuid.UUID(sent.json["id"])).lane == lane


def test_what_is_not_ours_is_not_found(api_client, send, outsider):
    with acting(outsider.actor()):
        theirs, contact = str(make_instance().id), str(make_contact().id)
        media = str(store_upload(io.BytesIO(b"%PDF-1.7 b"), "b.pdf").id)
    assert send(instance_id=theirs).status_code == 404
    assert send(contact_id=contact).status_code == 404
    assert send(message={"type": "document", "media_id": media}).status_code == 404
    assert send(ticket_id=str(uuid.uuid4())).status_code == 404


def test_an_answer_goes_to_the_conversation(api_client, send, ticket, write):
    conversation = str(ticket(status="pending"))
    made = send("agent", ticket_id=conversation, message={"options": {"typing": True}})
    assert made.status_code == 202
    listed = api_client("agent").get(f"/messages?ticket_id={conversation}").json
    assert [row["id"] for row in listed["data"]] == [made.json["id"]]
    assert listed["data"][0]["ticket_id"] == conversation


def test_who_may_send(send):
    assert send("agent").status_code == 202
    for role in ("viewer", "developer"):
        assert send(role).status_code == 403


def test_the_list_has_its_filters_and_its_other_name(api_client, write, minutes_ago):
    came = str(write(minutes_ago(10), direction="inbound", status="received"))
    went = str(write(minutes_ago(1)))
    api = api_client()
    page = api.get("/messages?limit=1").json
    assert (page["total"], page["page"], page["total_pages"], page["data"][0]["id"]) == (2, 1, 2, went)
    assert [row["id"] for row in api.get("/messages/history?direction=inbound").json["data"]] == [came]
    since = minutes_ago(5).isoformat().replace("+00:00", "Z")
    assert [row["id"] for row in api.get(f"/messages?from={since}").json["data"]] == [went]
    assert [row["id"] for row in api.get(f"/messages?to={since}").json["data"]] == [came]
    assert fields(api.get("/messages?status=lost&from=yesterday&contact_id=1")) == {"status", "from", "contact_id"}
    assert api_client("developer").get("/messages").status_code == 403


def test_history_tells_the_whole_life(api_client, write):
    message = write(status="failed", error_code="not_on_whatsapp")
    shown = api_client().get(f"/messages/{message}").json
    assert [(event["status"], event["attempt"]) for event in shown["history"]] == [("failed", None)]
    assert shown["explanation"] == {
        "code": "not_on_whatsapp",
        "text": "Este número não tem WhatsApp",
        "advice": "Confira o número com a pessoa e corrija o contato.",
    }


def test_a_failed_message_is_sent_again(api_client, write):
    api, message = api_client(), write(status="failed", error_code="unavailable", recipient_key="551180000000")
    assert api.post(f"/messages/{message}/retry").json == {"id": str(message), "status": "queued"}
    assert api.post(f"/messages/{message}/retry").status_code == 409


@pytest.mark.parametrize("left", [{"status": "unconfirmed"}, {"status": "failed", "external_id": "3EB0"}])
def test_one_that_may_have_left_needs_a_word(api_client, write, left):
    api, message = api_client(), write(recipient_key="551180000000", **left)
    doubt = api.post(f"/messages/{message}/retry")
    assert (doubt.status_code, doubt.json["code"]) == (409, "confirm_needed")
    assert api.post(f"/messages/{message}/retry", json={"confirm": True}).json["status"] == "queued"


def test_a_queued_message_can_be_cancelled(api_client, send):
    message = send().json["id"]
    assert api_client().post(f"/messages/{message}/cancel").json["status"] == "cancelled"
    assert api_client().post(f"/messages/{message}/cancel").status_code == 409


def test_received_messages_are_marked_read(api_client, write):
    api = api_client("agent")
    came = write(direction="inbound", status="received", user_id=None, campaign_id=uuid.uuid4())
    assert api.post(f"/messages/{came}/read").json["read_at"]
    went = write(campaign_id=uuid.uuid4())
    assert api.post(f"/messages/{went}/read").status_code == 409


def test_another_companys_message_does_not_exist(api_client, write, outsider):
    message, api = write(status="failed"), api_client("admin", outsider)
    assert api.get(f"/messages/{message}").status_code == 404
    for verb in ("retry", "read", "cancel"):
        assert api.post(f"/messages/{message}/{verb}").status_code == 404


@pytest.fixture
def template(company):
    with acting(company.actor()):
        return str(create_template("Pedido", "Oi {nome|cliente}, o pedido {pedido} saiu {{hoje}}.").id)


def test_a_template_is_filled_from_the_contact_and_from_what_is_given(company, api_client, send, template):
    with acting(company.actor()):
        ana = str(make_contact("Ana").id)
    made = send(contact_id=ana, content="", message={"template_id": template, "variables": {"Pedido": "12{nome}"}})
    assert api_client().get(f"/messages/{made.json['id']}").json["text"] == "Oi Ana, o pedido 12{nome} saiu {hoje}."


def test_a_hole_in_a_template_is_refused_by_name(send, template):
    answer = send(content="", message={"template_id": template})
    assert fields(answer) == {"message.variables"}
    assert "pedido" in answer.json["errors"][0]["message"]
    assert fields(send(content="Oi", message={"template_id": template})) == {"message.content"}
    assert send(content="", message={"template_id": str(uuid.uuid4())}).status_code == 404


def test_a_message_may_wait_for_its_moment(company, api_client, send):
    at = (clock.now() + timedelta(hours=2)).isoformat()
    made = send(scheduled_at=at, message={"options": {"typing": True}})
    assert made.status_code == 202
    with acting(company.actor()), transaction() as session:
        row = session.execute(text("SELECT send_after, lane FROM outbox")).one()
    assert (row.send_after.isoformat(), row.lane) == (at, 1)
    for wrong in ("2020-01-01T00:00:00Z", (clock.now() + timedelta(days=400)).isoformat(), "amanhã"):
        assert fields(send(scheduled_at=wrong)) == {"scheduled_at"}


def test_one_for_later_in_a_conversation_stands_there_at_its_time(company, api_client, send):
    with acting(company.actor()), transaction() as session:
        ticket = Ticket(instance_id=make_instance().id, contact_id=make_contact().id)
        session.add(ticket)
        session.flush()
        ticket_id = str(ticket.id)
    at = clock.now() + timedelta(hours=2)
    made = send(ticket_id=ticket_id, scheduled_at=at.isoformat())
    with acting(company.actor()), transaction() as session:
        message = session.get(Message, uuid.UUID(made.json["id"]))
        assert (message.thread_at, message.details["scheduled"]) == (at, True)
        assert session.get(Ticket, uuid.UUID(ticket_id)).last_message_id is None
