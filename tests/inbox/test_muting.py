"""Somebody blocked goes on writing: nothing is lost, nobody is disturbed."""

import uuid

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.gateways.events import Content, MessageReceived
from app.inbox import queries, service
from app.inbox.queries import TicketFilter
from app.inbox.service import presence

PEST = "5511912345678@s.whatsapp.net"
TICKETS = "SELECT id, status, unread_count, user_id, last_message_at FROM tickets"


@pytest.fixture
def say(company, number):
    def arrive(*words):
        events = [
            MessageReceived(channel="loja", external_id=uuid.uuid4().hex, jid=PEST, phone=None, lid=None,
                            push_name="Chato", from_me=False, source="android", is_group=False,
                            content=Content("text", one), quoted_id=None, at=clock.now())
            for one in words
        ]  # fmt: skip
        with acting(company.system):
            service.receive(number, events)

    return arrive


@pytest.fixture
def block(company):
    def change(blocked=True):
        with acting(company.system), transaction() as session:
            session.execute(text("UPDATE contacts SET is_blocked = :b"), {"b": blocked})

    return change


def test_what_is_open_keeps_their_words_without_calling_anybody(act, say, block, one):
    say("Oi")
    before = one(TICKETS)
    block()
    say("Olha só", "Ainda aí?")
    assert one(TICKETS) == before
    with act("manager"):
        assert [item.message.body for item in queries.thread(before["id"]).items] == ["Oi", "Olha só", "Ainda aí?"]


def test_what_was_closed_stays_closed_and_keeps_them(act, say, block, one, rows):
    say("Oi")
    with act("agent"):
        service.take(one(TICKETS)["id"])
        service.close(one(TICKETS)["id"])
    block()
    said = len(rows("SELECT 1 FROM messages WHERE direction = 'outbound'"))
    say("5", "Voltei")
    assert one(TICKETS)["status"] == "closed"
    assert one("SELECT count(*) AS n FROM messages WHERE body = 'Voltei' AND ticket_id IS NOT NULL")["n"] == 1
    assert one("SELECT rating FROM tickets")["rating"] is None
    assert len(rows("SELECT 1 FROM messages WHERE direction = 'outbound'")) == said


def test_a_first_word_is_found_by_looking_for_it_only(act, company, say, block, one, rows, queue):
    queue("Vendas", [company.users["agent"]], greeting="Bem-vindo!", distribution="round_robin")
    presence.arrive(company.tenant_id, company.users["agent"], "s")
    say("Oi")
    block()
    with acting(company.system), transaction() as session:
        for table in ("ticket_events", "tickets", "messages", "facts"):
            session.execute(text(f"DELETE FROM {table}"))
    say("Compre já", "Última chance")
    ticket = one(TICKETS)
    assert (ticket["status"], ticket["unread_count"], ticket["user_id"]) == ("closed", 0, None)
    assert rows("SELECT 1 FROM messages WHERE direction = 'outbound'") == []
    with act("manager"):
        assert queries.inbox_counts().waiting == 0
        found = queries.list_tickets("all", TicketFilter(status="closed", q="ultima chance")).items
        assert [row.id for row in found] == [ticket["id"]]
        assert [item.kind for item in queries.thread(ticket["id"]).items].count("message") == 2
    assert not {row["name"] for row in rows("SELECT name FROM facts")} & {"message.received", "ticket.created"}


def test_unblocked_they_are_heard_again(say, block, one, rows):
    say("Oi")
    block()
    say("Compre já")
    block(False)
    say("Desculpe, uma dúvida")
    assert one("SELECT sum(unread_count) AS n FROM tickets WHERE status <> 'closed'")["n"] == 2


def test_their_opt_out_is_honoured_in_silence(say, block, one, rows):
    say("Oi")
    block()
    say("SAIR")
    assert one("SELECT opted_out_at IS NOT NULL AS yes FROM contacts")["yes"]
    assert rows("SELECT 1 FROM messages WHERE direction = 'outbound'") == []
