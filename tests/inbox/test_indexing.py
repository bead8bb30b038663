"""Messages older than search become findable, in batches, once."""

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import release, transaction
from app.inbox import jobs, queries
from app.inbox.models import Ticket
from app.inbox.queries import TicketFilter
from app.inbox.service import indexing
from tests.inbox.customers import said

WORDS = ["Pão de açúcar", "👍", "bolo de fubá", "", "Ótimo!"]


@pytest.fixture
def old(company, ticket):
    """A conversation from before search."""
    ticket_id = ticket()
    with acting(company.system), transaction() as session:
        session.execute(text("DELETE FROM messages"))
        row = session.get(Ticket, ticket_id)
        session.add_all(said(row, words, search=None) for words in WORDS)
    return ticket_id


def found(act, words):
    with act("manager"):
        return [row.id for row in queries.list_tickets("all", TicketFilter(q=words)).items]


def test_old_messages_are_found_after_the_job(act, old):
    assert found(act, "acucar") == []
    jobs.fill_search()
    assert found(act, "acucar") == found(act, "FUBÁ") == [old]


def test_it_goes_on_by_batches_and_leaves_nothing_to_do_again(company, old, rows, monkeypatch):
    monkeypatch.setattr(indexing, "BATCH", 2)
    with acting(company.system):
        assert indexing.fill_search() == 4  # the empty one has nothing to find
        assert indexing.fill_search() == 0
    release()
    assert {row["body"]: row["search"] for row in rows("SELECT body, search FROM messages")} == {
        "Pão de açúcar": "pao de acucar", "👍": "", "bolo de fubá": "bolo de fuba", "": None, "Ótimo!": "otimo!",
    }  # fmt: skip
