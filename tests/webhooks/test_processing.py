"""From stored bytes to tickets, messages, receipts: any order, twice, poisoned, healed."""

import base64
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import release, transaction
from app.core.ids import new_id
from app.outbox.models import Lane
from app.outbox.service import queue_message
from app.webhooks import jobs, service
from tests.factories import make_contact, make_instance
from tests.gateways import payloads

NOW = int(datetime.now(UTC).timestamp())
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture
def number(as_admin):
    return make_instance().id


@pytest.fixture
def arrive(company, number):
    """Store raw bodies as the door does, then run the worker's job."""

    def deliver(*bodies, instance=None):
        with acting(company.system), transaction() as session:
            for body in bodies:
                session.execute(
                    text("SELECT store_inbound(:id, :t, :i, :raw)"),
                    {"id": new_id(), "t": company.tenant_id, "i": instance or number, "raw": body},
                )
        jobs.process()

    return deliver


def said(words="Oi", key_id="A1", at=NOW, source="ios", **key):
    return payloads.upsert({"conversation": words}, key={"id": key_id, **key}, messageTimestamp=at, source=source)


def rows(sql, **values):
    with transaction() as session:
        found = session.execute(text(sql), values).mappings().all()
    release()
    return found


def one(sql, **values):
    (row,) = rows(sql, **values)
    return row


def test_a_first_word_makes_contact_ticket_and_message(arrive):
    arrive(said("Oi, qual o preço?"))
    message = one("SELECT * FROM messages")
    ticket = one("SELECT * FROM tickets")
    contact = one("SELECT * FROM contacts")
    assert (message["body"], message["direction"], message["status"]) == ("Oi, qual o preço?", "inbound", "received")
    assert message["ticket_id"] == ticket["id"]
    assert (ticket["status"], ticket["unread_count"], ticket["mode"]) == ("pending", 1, "human")
    assert (contact["name"], contact["phone"]) == ("Maria Souza", "+5511912345678")
    assert one("SELECT count(*) AS n FROM inbound_events WHERE state = 'done'")["n"] == 1
    assert one("SELECT received FROM daily_metrics")["received"] == 1


def test_the_same_message_twice_is_one(arrive):
    again = payloads.upsert({"conversation": "Oi"}, key={"id": "A1"}, messageTimestamp=NOW, pushName="M. Souza")
    arrive(said(), said(), again)
    arrive(said())
    assert one("SELECT count(*) AS n FROM messages")["n"] == 1
    assert one("SELECT unread_count AS n FROM tickets")["n"] == 1


def test_a_conversation_has_one_open_ticket_whatever_the_order(arrive):
    arrive(*(said(f"m{n}", f"A{n}", NOW - 10 + n) for n in (3, 1, 2)))
    assert [row["body"] for row in rows("SELECT body FROM messages ORDER BY thread_at, id")] == ["m1", "m2", "m3"]
    ticket = one("SELECT t.*, m.body AS last FROM tickets t JOIN messages m ON m.id = t.last_message_id")
    assert (ticket["unread_count"], ticket["last"]) == (3, "m3")


def test_two_workers_at_once_make_one_ticket_per_conversation(app, company, number):
    second = make_instance("Outra").id
    with acting(company.system), transaction() as session:
        for instance in (number, second):
            for n in range(20):
                session.execute(
                    text("SELECT store_inbound(:id, :t, :i, :raw)"),
                    {
                        "id": new_id(),
                        "t": company.tenant_id,
                        "i": instance,
                        "raw": said(f"{n}", f"{instance}-{n}", NOW + n),
                    },
                )

    def work():
        with app.app_context():
            jobs.process()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs.process()
    assert one("SELECT count(*) AS n FROM messages")["n"] == 40
    assert one("SELECT count(*) AS n FROM contacts WHERE merged_into IS NULL AND deleted_at IS NULL")["n"] == 1
    assert sorted(row["n"] for row in rows("SELECT count(*) AS n FROM tickets GROUP BY instance_id")) == [1, 1]


def test_the_ninth_digit_does_not_make_a_twin(arrive):
    known = make_contact("Ana", phone="5531988887777").id
    arrive(said(remoteJid="553188887777@s.whatsapp.net"))
    assert one("SELECT contact_id FROM messages")["contact_id"] == known
    assert one("SELECT value FROM contact_identities WHERE kind = 'jid'")["value"] == "553188887777@s.whatsapp.net"


def test_a_lid_that_shows_its_phone_heals_into_one_contact(arrive):
    arrive(said("sem telefone", "L1", remoteJid="222333444555@lid"))
    stranger = one("SELECT id, phone, name FROM contacts")
    assert (stranger["phone"], stranger["name"]) == (None, "Maria Souza")
    arrive(said("com os dois", "L2", remoteJid="222333444555@lid", remoteJidAlt=payloads.CUSTOMER))
    arrive(said("só telefone", "L3"))
    assert one("SELECT count(DISTINCT contact_id) AS n FROM messages")["n"] == 1
    assert one("SELECT phone FROM contacts WHERE merged_into IS NULL")["phone"] == "+5511912345678"


def test_every_type_of_the_contract_is_kept(arrive):
    bodies = [
        payloads.upsert({"imageMessage": {"mimetype": "image/png", "caption": "olha"}, "base64": base64.b64encode(PIXEL).decode()},
                        key={"id": "T1"}, messageType="imageMessage", messageTimestamp=NOW),
        payloads.upsert({"audioMessage": {"mimetype": "audio/ogg; codecs=opus", "seconds": 7, "ptt": True}},
                        key={"id": "T2"}, messageType="audioMessage", messageTimestamp=NOW),
        payloads.upsert({"locationMessage": {"degreesLatitude": -23.55, "degreesLongitude": -46.63, "name": "Sé"}},
                        key={"id": "T3"}, messageType="locationMessage", messageTimestamp=NOW),
        payloads.upsert({"contactMessage": {"displayName": "João", "vcard": "BEGIN:VCARD\nFN:João\nEND:VCARD"}},
                        key={"id": "T4"}, messageType="contactMessage", messageTimestamp=NOW),
        payloads.upsert({"brandNewMessage": {"x": 1}}, key={"id": "T5"}, messageType="brandNewMessage", messageTimestamp=NOW),
    ]  # fmt: skip
    arrive(*bodies)
    found = {
        row["external_id"]: row
        for row in rows("SELECT external_id, type, body, media, media_id, metadata FROM messages")
    }
    assert found["T1"]["type"] == "image"
    assert found["T1"]["body"] == "olha"
    assert found["T1"]["media_id"] is not None
    assert (found["T2"]["type"], found["T2"]["media"]["state"]) == ("voice", "pending")
    assert found["T3"]["metadata"]["location"]["name"] == "Sé"
    assert found["T4"]["metadata"]["contacts"][0]["name"] == "João"
    assert (found["T5"]["type"], found["T5"]["metadata"]["raw"] is not None) == ("unsupported", True)


def test_a_reaction_is_no_word_of_the_customer(arrive):
    arrive(said("Oi", "R1"))
    reaction = {"reactionMessage": {"key": {"remoteJid": payloads.CUSTOMER, "fromMe": False, "id": "R1"}, "text": "❤️"}}
    arrive(payloads.upsert(reaction, key={"id": "R2"}, messageType="reactionMessage", messageTimestamp=NOW))
    assert one("SELECT unread_count AS n FROM tickets")["n"] == 1
    assert one("SELECT metadata FROM messages WHERE type = 'reaction'")["metadata"]["reaction"] == "❤️"


def test_what_was_typed_on_the_phone_joins_the_conversation(arrive):
    arrive(said("Oi", "P1"))
    arrive(said("Já te respondo", "P2", source="android", fromMe=True))
    row = one("SELECT * FROM messages WHERE external_id = 'P2'")
    assert (row["direction"], row["sender_type"], row["status"]) == ("outbound", "phone", "sent")
    assert row["ticket_id"] == one("SELECT id FROM tickets")["id"]
    assert one("SELECT name FROM contacts")["name"] == "Maria Souza"


def test_edits_and_deletions_keep_the_row(arrive):
    arrive(said("Quero 2", "E1"))
    edited = {
        "key": {"id": "E1"},
        "type": "MESSAGE_EDIT",
        "editedMessage": {"conversation": "Quero 3"},
        "timestampMs": str(NOW * 1000),
    }
    arrive(payloads.envelope("messages.edited", edited))
    row = one("SELECT body, metadata, edited_at FROM messages")
    assert (row["body"], row["metadata"]["before"]) == ("Quero 3", ["Quero 2"])
    arrive(
        payloads.envelope(
            "messages.delete", {"id": "E1", "remoteJid": payloads.CUSTOMER, "fromMe": False, "status": "DELETED"}
        )
    )
    row = one("SELECT body, deleted_at FROM messages")
    assert row["body"] == "Quero 3"
    assert row["deleted_at"] is not None


def test_a_poisoned_event_steps_aside_and_can_be_replayed(arrive):
    arrive(b"{not json", said("depois do veneno", "B2"))
    assert one("SELECT body FROM messages")["body"] == "depois do veneno"
    dead = one("SELECT * FROM inbound_events WHERE state = 'dead'")
    assert dead["error"]
    assert bytes(dead["body"]) == b"{not json"


def test_an_event_that_breaks_the_database_does_not_block_the_others(arrive):
    poison = said("nul \x00 byte", "N1")
    arrive(said("antes", "N0"), poison, said("depois", "N2"))
    kept = {row["body"] for row in rows("SELECT body FROM messages")}
    assert {"antes", "depois"} <= kept
    assert one("SELECT count(*) AS n FROM inbound_events WHERE state = 'pending'")["n"] == 0


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_receipts_in_any_order_end_the_same(arrive, order):
    contact = make_contact("Ana", phone="5511912345678").id
    number = one("SELECT id FROM instances")["id"]
    message = queue_message(number, contact_id=contact, body="Oi", lane=Lane.HIGH).id
    with transaction() as session:
        session.execute(text("DELETE FROM outbox"))
        session.execute(
            text(
                "INSERT INTO external_refs (instance_id, external_id, tenant_id, message_id, best_status)"
                " SELECT instance_id, 'X1', tenant_id, id, 'sent' FROM messages WHERE id = :id"
            ),
            {"id": message},
        )
    receipts = [payloads.update(keyId="X1", status=status) for status in ("SERVER_ACK", "DELIVERY_ACK", "READ")]
    for index in order:
        arrive(receipts[index])
    row = one("SELECT status, delivered_at, read_at FROM messages")
    assert row["status"] == "read"
    assert row["delivered_at"] is not None


def test_an_early_receipt_is_parked(arrive):
    arrive(payloads.update(keyId="EARLY", status="READ"))
    ref = one("SELECT * FROM external_refs")
    assert (ref["best_status"], ref["message_id"]) == ("read", None)


def test_a_reply_is_counted_and_remembers_its_campaign(arrive, number):
    contact = make_contact("Ana", phone="5511912345678").id
    campaign = new_id()
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO messages (id, tenant_id, instance_id, contact_id, campaign_id, direction, sender_type, status,"
                " sent_at, thread_at, body) SELECT :id, tenant_id, :i, :c, :k, 'outbound', 'campaign', 'delivered',"
                " now() - interval '1 hour', now() - interval '1 hour', 'Promo' FROM contacts"
            ),
            {"id": new_id(), "i": number, "c": contact, "k": campaign},
        )
    arrive(said("quero!", "Q1"))
    assert one("SELECT replied_at FROM messages WHERE body = 'Promo'")["replied_at"] is not None
    assert one("SELECT campaign_id FROM tickets")["campaign_id"] == campaign
    assert one("SELECT replied FROM daily_metrics")["replied"] == 1


@pytest.mark.parametrize("word", ["SAIR", "sair!", " Parar ", "STOP", "não quero mais receber"])
def test_opt_out_words_stop_campaigns_and_confirm_once(arrive, number, word):
    contact = make_contact("Ana", phone="5511912345678").id
    campaign = new_id()
    waiting = queue_message(number, contact_id=contact, body="promo", lane=Lane.LOW).id
    with transaction() as session:
        session.execute(text("UPDATE outbox SET campaign_id = :k WHERE message_id = :m"), {"k": campaign, "m": waiting})
    arrive(said(word, "S1", int(datetime.now(UTC).timestamp())))
    arrive(said(word, "S2", int(datetime.now(UTC).timestamp())))
    assert one("SELECT opted_out_at, opted_out_source FROM contacts")["opted_out_source"] == "message"
    assert one("SELECT status, error_code FROM messages WHERE id = :m", m=waiting)["status"] == "cancelled"
    assert one("SELECT ticket_id FROM messages WHERE sender_type = 'system'") == one(
        "SELECT id AS ticket_id FROM tickets"
    )


@pytest.mark.parametrize("words", ["vou sair agora", "stop, o Zé não vem", "pare de me cobrar sobre o pedido 12"])
def test_a_sentence_with_the_word_is_a_conversation(arrive, words):
    arrive(said(words, "C1"))
    assert one("SELECT opted_out_at FROM contacts")["opted_out_at"] is None


def test_history_after_a_reconnect_opts_out_without_an_answer(arrive):
    yesterday = int((datetime.now(UTC) - timedelta(days=1)).timestamp())
    arrive(said("SAIR", "H1", yesterday))
    assert one("SELECT opted_out_at IS NOT NULL AS yes FROM contacts")["yes"] is True
    assert one("SELECT count(*) AS n FROM outbox")["n"] == 0


def test_connection_news_reach_the_number(arrive, number):
    with transaction() as session:
        session.execute(text("UPDATE instances SET status = 'connecting' WHERE id = :i"), {"i": number})
    arrive(
        payloads.envelope(
            "connection.update", {"instance": "x", "wuid": payloads.OWN, "state": "open", "statusReason": 200}
        )
    )
    row = one("SELECT status, phone_number FROM instances")
    assert (row["status"], row["phone_number"]) == ("connected", "+5511987654321")


def test_groups_and_status_posts_are_no_conversations(arrive):
    arrive(
        said("oi pessoal", "G1", remoteJid="120363021234567890@g.us", participant="222@lid"),
        said("foto do dia", "G2", remoteJid="status@broadcast"),
    )
    assert rows("SELECT id FROM messages") == []
    assert one("SELECT count(*) AS n FROM inbound_events WHERE state = 'done'")["n"] == 2


def test_another_companys_worker_sees_nothing_of_it(company, outsider, arrive, number):
    arrive(said())
    with acting(outsider.system):
        assert service.process(number) == 0
        assert rows("SELECT id FROM messages") == []


def test_a_batch_takes_no_more_than_it_was_told(company, number, arrive, monkeypatch):
    monkeypatch.setattr(jobs, "process", lambda: None)
    arrive(*(said(f"m{n}", f"B{n}") for n in range(5)))
    with acting(company.system):
        assert [service.process(number, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert one("SELECT count(*) AS n FROM messages")["n"] == 5


@pytest.mark.parametrize(
    ("settled", "seconds", "size"), [(0, 9.0, 500), (500, 0.2, 500), (500, 25.0, 20), (100, 1.0, 50), (1, 0.01, 50)]
)
def test_batches_shrink_while_events_are_heavy_and_grow_again(settled, seconds, size):
    assert service.next_size(500, settled, seconds) == size
