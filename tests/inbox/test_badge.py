"""The figure beside "Conversas" on every page: what one owes a look, and no more than one may see."""

import pytest
from sqlalchemy import event, text

from app.core.context import acting
from app.core.db import transaction
from app.extensions import db
from app.inbox.models import Ticket

CROWD = """
    WITH people AS (
        INSERT INTO contacts (id, tenant_id, name)
        SELECT uuid7(), :t, 'P' || i FROM generate_series(1, 120) i RETURNING id)
    INSERT INTO tickets (id, tenant_id, contact_id, instance_id)
    SELECT uuid7(), :t, people.id, (SELECT id FROM instances WHERE tenant_id = :t LIMIT 1) FROM people
"""


def figure(client, path: str = "/contacts") -> str:
    found = client.page(path).select_one(".sidebar [data-live='/inbox/badge'] .nav-entry__count")
    return found.contents[0] if found else ""


@pytest.fixture
def hand_over(company):
    """`hand_over(ticket_id, "manager")`"""

    def give(ticket_id, role: str, **fields) -> None:
        with acting(company.system), transaction() as session:
            row = session.get(Ticket, ticket_id)
            row.user_id, row.status = company.users[role], "open"
            for name, value in fields.items():
                setattr(row, name, value)

    return give


def test_it_counts_own_unread_and_what_waits(client_for, ticket, hand_over, queue):
    agent, boss = client_for("agent"), client_for("manager")
    assert figure(agent) == ""
    ticket()
    assert (figure(agent), figure(boss)) == ("1", "1")
    hand_over(ticket("Outra"), "agent")
    hand_over(ticket("Lida"), "agent", unread_count=0)
    assert (figure(agent), figure(boss)) == ("2", "1")
    ticket("De outra fila", queue_id=queue("Financeiro"))
    assert (figure(agent), figure(boss)) == ("2", "2")
    assert agent.get("/inbox/badge").text.count("nav-entry__count") == 1


def test_it_stands_on_other_pages_only_and_for_who_attends(client_for, ticket):
    ticket()
    assert figure(client_for("agent"), "/inbox") == ""
    viewer = client_for("viewer")
    assert viewer.page("/contacts").select_one("[data-live='/inbox/badge']") is None
    assert viewer.get("/inbox/badge").status_code == 403


def test_beyond_ninety_nine_it_only_says_many(client_for, act, company, owner_engine, ticket):
    ticket()
    with owner_engine.begin() as connection:
        connection.execute(text(CROWD), {"t": company.tenant_id})
    assert figure(client_for("agent")) == "99+"


def test_it_costs_a_page_one_statement(client_for, ticket):
    ticket()
    agent = client_for("agent")
    agent.get("/contacts")
    found = []

    def note(_connection, _cursor, statement, *_rest):
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        agent.get("/contacts")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in found if "unread_count" in statement]) == 1
