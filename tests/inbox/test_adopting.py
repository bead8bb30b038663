"""Messages of ours that nobody here sent become part of the conversation, and never another message's proof."""

import uuid
from datetime import timedelta

import pytest

from app.core import clock
from app.inbox.service import adopting
from app.outbox.service import Receipt, apply_receipts, evidence
from tests.factories import make_contact, make_instance
from tests.outbox.desk import Desk, message, queue, sql

NOW = timedelta(0)


@pytest.fixture
def number(as_admin) -> uuid.UUID:
    return make_instance().id


def echo(text: str = "Escrito no computador", jid: str = "5511987654321@s.whatsapp.net", **rest) -> dict:
    return {
        "external_id": f"3EB0{uuid.uuid4().hex[:12]}", "jid": jid, "type": "text", "text": text, "file_name": None,
        "at": clock.now(), "source": "web", **rest,
    }  # fmt: skip


def ledger(number: uuid.UUID) -> list[tuple]:
    return sql("SELECT direction, sender_type, type, body, status, contact_id FROM messages WHERE instance_id = :i ORDER BY id",
               i=number)  # fmt: skip


def test_after_a_while_it_joins_the_conversation_with_its_ticks(number):
    ana = make_contact("Ana", phone="5511987654321").id
    stray = echo()
    evidence.park_echoes(number, [stray])
    apply_receipts(number, [Receipt(stray["external_id"], "delivered")])
    assert adopting.numbers_with_strays() == []
    assert adopting.adopt(number) == 0  # it may still prove something
    assert adopting.numbers_with_strays(NOW) == [number]
    assert adopting.adopt(number, NOW) == 1
    assert ledger(number) == [("outbound", "phone", "text", "Escrito no computador", "delivered", ana)]
    assert adopting.adopt(number, NOW) == 0
    apply_receipts(number, [Receipt(stray["external_id"], "read")])
    assert ledger(number)[0].status == "read"


def test_somebody_unknown_or_known_by_an_opaque_address_only(number):
    evidence.park_echoes(number, [echo(jid="222333444555@lid"), echo(jid="5521999990001@s.whatsapp.net")])
    assert adopting.adopt(number, NOW) == 2
    kinds = sql("SELECT kind, count(*) FROM contact_identities WHERE kind IN ('lid', 'phone') GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in kinds] == [("lid", 1), ("phone", 1)]


def test_what_proves_a_message_of_ours_is_bound_and_not_adopted(number):
    ana = make_contact("Ana", phone="5511987654321").id
    (wanted,) = queue(number, contact=ana, body="Oi")
    desk = Desk()
    (claim,) = desk.take(number)
    assert desk.start(claim) == "go"
    sql("UPDATE outbox SET lease = now() - interval '1 second' WHERE message_id = :m", m=wanted)
    desk.expire()
    evidence.park_echoes(number, [echo("Oi"), echo("Outra coisa")])
    assert adopting.adopt(number, NOW) == 1
    assert message(wanted).status == "sent"
    assert sorted(row.body for row in ledger(number)) == ["Oi", "Outra coisa"]
    desk.release()
    desk.close()


def test_a_file_is_fetched_like_any_other(number):
    evidence.park_echoes(number, [echo("legenda", type="image")])
    assert adopting.adopt(number, NOW) == 1
    (row,) = sql("SELECT type, body, media FROM messages WHERE instance_id = :i", i=number)
    assert (row.type, row.body, row.media["state"]) == ("image", "legenda", "pending")


def test_an_address_of_nobody_is_looked_at_once(number):
    evidence.park_echoes(number, [echo(jid="abc@newsletter")])
    assert adopting.adopt(number, NOW) == 0
    assert adopting.numbers_with_strays(NOW) == []
