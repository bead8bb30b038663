"""The panes as the server draws them: whole pages, fragments, and what each role is refused."""

import uuid

import pytest

from app.core.context import acting
from app.inbox import service

FRAGMENT = {"X-Requested-With": "fetch"}


@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["page", "fragment"])
def test_a_conversation_opens_by_its_address(client_for, ticket, headers):
    ticket_id = ticket("Rita Prado", "Quero um *bolo*")
    answer = client_for("manager").get(f"/inbox/{ticket_id}", headers=headers)
    assert answer.status_code == 200
    assert "<strong>bolo</strong>" in answer.text
    assert ('<div class="inbox ' in answer.text) == (headers == {})


def test_the_list_offers_what_waits_and_counts_it(client_for, ticket):
    ticket("Rita Prado")
    page = client_for("agent").get("/inbox?tab=waiting").text
    assert "Rita Prado" in page
    assert 'data-waiting="1"' in page


@pytest.mark.parametrize("part", ["thread", "parts"])
def test_somebody_elses_conversation_is_not_found(client_for, ticket, company, part):
    ticket_id = ticket()
    with acting(company.actor("manager")):
        service.take(ticket_id)
    client = client_for("agent")
    assert client.get(f"/inbox/{ticket_id}").status_code == 404
    assert client.get(f"/inbox/{ticket_id}/{part}", headers=FRAGMENT).status_code == 404


@pytest.mark.parametrize("path", ["/settings/queues", "/settings/queues/new", "/settings/quick-replies", "/metrics"])
def test_the_managers_pages_open(client_for, path):
    assert client_for("manager").get(path).status_code == 200


def test_an_attendant_does_not_manage_queues(client_for):
    assert client_for("agent").get("/settings/queues").status_code == 403


def test_a_message_that_is_nobodys_is_not_found(client_for, ticket):
    assert client_for("manager").get(f"/inbox/messages/{uuid.uuid4()}").status_code == 404
