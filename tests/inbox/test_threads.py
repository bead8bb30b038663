"""One conversation as it is read, and what stands beside it."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.extensions import db
from app.inbox import queries, service
from app.inbox.models import Ticket
from tests.inbox.customers import said

TICKET = "SELECT * FROM tickets WHERE id = :id"


@pytest.fixture
def statements(app):
    """How many statements a call asks the database for."""

    def count(call):
        found = []

        def note(_connection, _cursor, statement, *_rest):
            found.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(found)

    return count


def test_neither_list_nor_thread_asks_once_per_row(act, company, ticket, statements):
    made = [ticket(f"P{n}") for n in range(3)]
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, made[0])
        session.add_all(said(row, f"m{n}", reply_to=uuid.uuid4().hex) for n in range(3))
    with act("agent"):
        few = statements(lambda: queries.list_tickets("waiting")), statements(lambda: queries.thread(made[0]))
    for n in range(20):
        ticket(f"Q{n}")
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, made[0])
        session.add_all(said(row, f"n{n}", reply_to=uuid.uuid4().hex) for n in range(30))
    with act("agent"):
        many = statements(lambda: queries.list_tickets("waiting")), statements(lambda: queries.thread(made[0]))
    assert many == few
    assert max(many) <= 10


def test_the_thread_pages_backwards_with_its_events(act, company, ticket):
    mine = ticket(words="m0")
    start = clock.now()
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, mine)
        session.add_all(said(row, f"m{n}", thread_at=start + timedelta(milliseconds=n)) for n in range(1, 8))
    with act("agent"):
        service.take(mine)
        last = queries.thread(mine, limit=5)
        words = [
            item.message.body for item in last.items if item.kind == "message" and item.message.direction == "inbound"
        ]
        assert words == sorted(words)
        assert "taken" in [item.event.kind for item in last.items if item.kind == "event"]
        first = queries.thread(mine, before=last.older, limit=5)
        earlier = [item.message.body for item in first.items if item.kind == "message"]
        assert earlier + words == [f"m{n}" for n in range(8)]
        assert first.older is None


def test_reactions_are_folded_and_the_last_of_each_side_counts(act, company, ticket, one):
    mine = ticket()
    target = one("SELECT external_id FROM messages WHERE ticket_id = :id", id=mine)["external_id"]
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, mine)
        for n, emoji in enumerate(("👍", "❤️")):
            session.add(
                said(
                    row,
                    "",
                    type="reaction",
                    reply_to=target,
                    details={"reaction": emoji},
                    thread_at=clock.now() + timedelta(milliseconds=n),
                )
            )
    with act("agent"):
        (item,) = [item for item in queries.thread(mine).items if item.kind == "message"]
        assert [(one.emoji, one.is_ours) for one in item.reactions] == [("❤️", False)]


def test_the_panel_hides_a_colleagues_earlier_conversations(act, company, second_agent, ticket, one):
    mine = ticket()
    contact = one(TICKET, id=mine)["contact_id"]
    number = one(TICKET, id=mine)["instance_id"]
    with acting(company.system), transaction() as session:
        for owner in (second_agent.user_id, company.users["agent"]):
            session.add(Ticket(contact_id=contact, instance_id=number, status="closed", user_id=owner))
    with act("agent"):
        panel = queries.contact_panel(mine)
        assert panel.contact.name == "Maria Souza"
        assert [row.user_id for row in panel.earlier] == [company.users["agent"]]
    with act("manager"):
        assert len(queries.contact_panel(mine).earlier) == 2
