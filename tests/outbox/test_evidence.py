"""Which echo proves which message: never one proof for two, never another's proof, never a text typed on the phone."""

import threading
import uuid
from datetime import timedelta

import pytest

from app.core import clock
from app.outbox.service import evidence, resend_unconfirmed
from app.outbox.service.results import record
from tests.factories import make_contact
from tests.outbox.desk import message, outbox, queue, sql
from tests.outbox.test_receipts import replace, sending

JID = "5511987654321@s.whatsapp.net"


@pytest.fixture
def ana(number) -> uuid.UUID:
    return make_contact("Ana", phone="5511987654321").id


def echo(text="Oi", jid=JID, **rest) -> dict:
    return {"external_id": f"3EB0{uuid.uuid4().hex[:12]}", "jid": jid, "type": "text", "text": text, "file_name": None,
            "at": clock.now(), "source": "web"} | rest  # fmt: skip


def unknown(desk, number, ana, **rest):
    """On the wire, and nobody knows what became of it. The person is free for the next message at once."""
    result = sending(desk, number, contact=ana, **rest)
    record([replace(result, outcome="unknown", external_id=None, code="timeout")])
    sql("UPDATE instance_pace SET hold = NULL WHERE instance_id = :i", i=number)
    return result


def on_the_wire(desk, number, ana):
    queue(number, contact=ana)
    (claim,) = desk.take(number, open_s=0)
    assert desk.start(claim) == "go"
    return claim


def test_an_echo_proves_it(desk, number, ana):
    result = unknown(desk, number, ana)
    proof = echo()
    evidence.park_echoes(number, [proof])
    assert evidence.bind(number) == 1
    row = message(result.message_id)
    assert (row.status, row.external_id, outbox(result.message_id)) == ("sent", proof["external_id"], None)
    assert evidence.bind(number) == 0


@pytest.mark.parametrize(
    "other",
    [echo(text="Outra coisa"), echo(jid="5511911112222@s.whatsapp.net"), echo(type="image")],
    ids=["text", "person", "kind"],
)
def test_another_message_s_echo_proves_nothing(desk, number, ana, other):
    result = unknown(desk, number, ana)
    evidence.park_echoes(number, [other])
    assert evidence.bind(number, [other | {"external_id": "3EB0FOUND"}]) == 0
    assert message(result.message_id).status == "unconfirmed"


def test_what_was_typed_on_the_phone_proves_nothing(desk, number, ana):
    result = unknown(desk, number, ana)
    assert evidence.bind(number, [echo(source="android"), echo(source="ios")]) == 0
    assert message(result.message_id).status == "unconfirmed"


def test_an_echo_from_before_the_go_proves_nothing(desk, number, ana):
    evidence.park_echoes(number, [echo()])
    threading.Event().wait(0.01)
    unknown(desk, number, ana)
    assert evidence.bind(number) == 0
    assert evidence.bind(number, [echo(at=clock.now() - timedelta(minutes=5))]) == 0


def test_the_echo_of_a_call_still_open_is_not_given_to_an_older_message(desk, number, ana):
    """The same words to the same person: the first is unknown, the second's echo overtakes its own answer."""
    first = unknown(desk, number, ana)
    second = on_the_wire(desk, number, ana)
    proof = echo()
    evidence.park_echoes(number, [proof])
    assert evidence.bind(number) == 0
    record([replace(first, message_id=second.message_id, attempt=second.attempt, external_id=proof["external_id"])])
    assert evidence.bind(number) == 0
    assert message(second.message_id).external_id == proof["external_id"]
    assert message(first.message_id).status == "unconfirmed"


def test_two_unknown_and_one_proof_leave_one_to_verify(desk, number, ana):
    first = unknown(desk, number, ana)
    queue(number, contact=ana)
    (claim,) = desk.take(number, open_s=0)
    desk.start(claim)
    sql("UPDATE outbox SET lease = now() - interval '1 second' WHERE message_id = :m", m=claim.message_id)
    desk.expire()
    proof = echo()
    assert evidence.bind(number, [proof]) == 1
    assert evidence.bind(number, [proof]) == 0
    assert sorted((message(first.message_id).status, message(claim.message_id).status)) == ["sent", "unconfirmed"]


def test_a_person_known_by_two_addresses_is_found_under_either(desk, number, ana):
    sql(
        """INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
        SELECT tenant_id, 'lid', '222333444555@lid', id FROM contacts WHERE id = :c""",
        c=ana,
    )
    result = unknown(desk, number, ana)
    assert evidence.bind(number, [echo(jid="222333444555@lid")]) == 1
    assert message(result.message_id).status == "sent"


def test_late_proof_stops_what_a_person_decided_to_send_again(desk, number, ana):
    result = unknown(desk, number, ana)
    resend_unconfirmed([result.message_id])
    (claim,) = desk.take(number)
    evidence.park_echoes(number, [echo()])
    assert evidence.bind_all() == 1
    assert message(result.message_id).status == "sent"
    assert desk.start(claim) == "lost"


def test_what_went_during_the_search_was_not_looked_for(desk, number, ana):
    began = clock.now()
    early = unknown(desk, number, ana)
    evidence.mark_searched(number, began)
    assert outbox(early.message_id).searched_at is None
    evidence.mark_searched(number, clock.now())
    assert outbox(early.message_id).searched_at is not None


def test_a_number_is_not_searched_while_a_call_is_open(desk, number, ana):
    assert evidence.is_on_the_wire(number) is False
    on_the_wire(desk, number, ana)
    assert evidence.is_on_the_wire(number) is True
