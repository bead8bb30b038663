"""What an attendant puts on record about consent, from the conversation in which it was said."""

import pytest

from app.core.context import acting
from app.core.db import transaction
from app.core.errors import NotFound
from app.inbox import service
from app.inbox.models import Ticket

CONTACT = "SELECT c.* FROM contacts c JOIN tickets t ON t.contact_id = c.id WHERE t.id = :id"
HISTORY = "SELECT * FROM ticket_events WHERE ticket_id = :id AND kind = 'consent' ORDER BY id"
AUDITED = "SELECT * FROM audit_logs WHERE action = :action AND resource_id = :id"


def test_who_recorded_it_when_and_where_is_kept(client_for, company, ticket, one, rows):
    mine = ticket()
    agent = client_for("agent")
    path = f"/inbox/{mine}/consent"
    assert agent.submit(path, {"consent": "in"}, headers={"X-Requested-With": "fetch"}).status_code == 204
    contact = one(CONTACT, id=mine)
    assert (contact["opted_in_source"], contact["opted_out_at"]) == ("inbox", None)
    proof = one(AUDITED, action="contact.opt_in", id=str(contact["id"]))
    assert (proof["user_id"], proof["created_at"] is not None) == (company.users["agent"], True)
    line = one(HISTORY, id=mine)
    assert (line["user_id"], line["details"]) == (company.users["agent"], {"is_given": True})
    assert "registrou que o cliente aceita" in agent.get(f"/inbox/{mine}").text
    agent.submit(path, {"consent": "out"})
    after = one(CONTACT, id=mine)
    assert (after["opted_out_source"], after["opted_out_at"] is not None) == ("inbox", True)
    assert [line["details"]["is_given"] for line in rows(HISTORY, id=mine)] == [True, False]


def test_what_stands_already_keeps_its_date(act, ticket, one, rows):
    mine = ticket()
    with act("agent"):
        service.set_consent(mine, is_given=False)
        first = one(CONTACT, id=mine)["opted_out_at"]
        service.set_consent(mine, is_given=False)
    assert one(CONTACT, id=mine)["opted_out_at"] == first
    assert len(rows(HISTORY, id=mine)) == 1


def test_nobody_records_it_for_a_conversation_they_do_not_see(act, company, client_for, ticket, one, outsider):
    mine = ticket()
    with acting(company.system), transaction() as session:
        talk = session.get(Ticket, mine)
        talk.user_id, talk.status = company.users["manager"], "open"
    with act("agent"), pytest.raises(NotFound):
        service.set_consent(mine, is_given=True)
    for client in (client_for("admin", outsider), client_for("viewer")):
        assert client.submit(f"/inbox/{mine}/consent", {"consent": "in"}).status_code in (403, 404)
    assert one(CONTACT, id=mine)["opted_in_at"] is None
