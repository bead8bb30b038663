"""From a customer's words to the right conversation: the phone's own words, groups, storms out of order."""

import random
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.core import clock, ids
from app.core.context import acting
from app.core.db import transaction
from app.inbox import queries
from app.webhooks import jobs as webhooks
from tests.gateways import payloads
from tests.inbox.customers import people


def test_an_answer_on_the_phone_stops_the_bot_and_counts_as_the_first(company, say, one):
    say("Oi", at=clock.now() - timedelta(minutes=3))
    with acting(company.system), transaction() as session:
        session.execute(text("UPDATE tickets SET mode = 'bot'"))
    say("Já te atendo", from_me=True)
    row = one("SELECT mode, unread_count, first_response_at, status FROM tickets")
    assert (row["mode"], row["unread_count"], row["status"]) == ("human", 0, "pending")
    assert row["first_response_at"] is not None
    assert one("SELECT kind FROM ticket_events")["kind"] == "answered_on_phone"
    assert one("SELECT sum(first_responses) AS n FROM attendance_daily")["n"] == 1


def test_in_one_batch_only_what_came_after_our_word_is_unread(say, one):
    start = clock.now() - timedelta(minutes=1)
    later = lambda n: start + timedelta(seconds=10 * n)  # noqa: E731
    say(say.make("Oi", at=later(0)), say.make("Diga", at=later(1), from_me=True), say.make("Tem pão?", at=later(2)))
    assert one("SELECT unread_count FROM tickets")["unread_count"] == 1
    assert one("SELECT m.body FROM tickets t JOIN messages m ON m.id = t.last_message_id")["body"] == "Tem pão?"


def test_old_news_from_the_phone_does_not_read_what_is_new(say, one):
    say("Oi")
    say("ontem", from_me=True, at=clock.now() - timedelta(days=1))
    assert one("SELECT unread_count FROM tickets")["unread_count"] == 1
    assert one("SELECT m.body FROM tickets t JOIN messages m ON m.id = t.last_message_id")["body"] == "Oi"


def test_groups_stay_out_unless_they_are_wanted(say, one, rows, settings):
    say("Bom dia, grupo", jid="120363000000000001@g.us", is_group=True)
    assert rows("SELECT id FROM messages") == []
    settings(keep_groups=True)
    say("sair", jid="120363000000000001@g.us", is_group=True)
    row = one(
        "SELECT m.metadata, i.value, c.opted_out_at FROM messages m JOIN contact_identities i ON i.contact_id = m.contact_id JOIN contacts c ON c.id = m.contact_id"
    )
    assert row["metadata"]["author"]["name"] == "Maria Souza"
    assert row["value"] == "120363000000000001@g.us"
    assert row["opted_out_at"] is None


def test_a_storm_of_duplicates_out_of_order_ends_in_one_thread_each(app, company, number, rows, act):
    rng, now = random.Random(7), int(datetime.now(UTC).timestamp())
    bodies = [
        payloads.upsert({"conversation": f"{person}-{n}"}, key={"id": f"S{person}-{n}", "remoteJid": people(person)},
                        messageTimestamp=now - 100 + n, pushName=f"P{person}" + " " * copy)
        for person in range(5) for n in range(20) for copy in range(2)
    ]  # fmt: skip
    rng.shuffle(bodies)
    with acting(company.system), transaction() as session:
        for body in bodies:
            session.execute(
                text("SELECT store_inbound(:id, :t, :i, :raw)"),
                {"id": ids.new_id(), "t": company.tenant_id, "i": number, "raw": body},
            )

    def work():
        with app.app_context():
            webhooks.process()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    webhooks.process()
    tickets = rows("SELECT id, unread_count FROM tickets")
    assert [row["unread_count"] for row in tickets] == [20] * 5
    with act("manager"):
        for row in tickets:
            found = [item.message.body for item in queries.thread(row["id"], limit=100).items]
            person = found[0].split("-")[0]
            assert found == [f"{person}-{n}" for n in range(20)]
