"""Notes stay inside and call those who may see; drafts are kept per person and conversation."""

import pytest

from app.core.errors import Invalid
from app.inbox import queries, service

TICKET = "SELECT * FROM tickets WHERE id = :id"


def test_notes_stay_inside_and_call_those_who_may_see(company, act, second_agent, ticket, one, rows):
    mine = ticket()
    with act("agent"):
        service.take(mine)
        note = service.add_note(mine, "Cuidado: caloteiro", [company.users["manager"]], client_key="n")
        again = service.add_note(mine, "Cuidado: caloteiro", [company.users["manager"]], client_key="n")
        note_id = note.id
        assert note_id == again.id
        with pytest.raises(Invalid):
            service.add_note(mine, "@Bruna veja", [second_agent.user_id])
    row = one("SELECT is_private, status FROM messages WHERE body LIKE 'Cuidado%'")
    assert row["is_private"]
    assert rows("SELECT 1 FROM outbox o JOIN messages m ON m.id = o.message_id WHERE m.is_private") == []
    assert one("SELECT user_id FROM mentions")["user_id"] == company.users["manager"]
    assert one(TICKET, id=mine)["last_message_id"] != note_id


def test_who_was_called_finds_it_until_they_looked(act, company, ticket):
    mine = ticket()
    with act("agent"):
        service.add_note(mine, "@Manager veja", [company.users["manager"]])
        assert queries.inbox_counts().mentions == 0
    with act("manager"):
        assert queries.inbox_counts().mentions == 1
        assert [row.id for row in queries.list_tickets("all", queries.TicketFilter(mentioned=True)).items] == [mine]
        service.mark_read(mine)
        assert queries.inbox_counts().mentions == 0


def test_drafts_are_kept_per_person_and_conversation(act, ticket):
    mine = ticket()
    with act("agent"):
        service.save_draft(mine, "Caro cl", is_note=False)
        service.save_draft(mine, "Caro cliente", is_note=True)
        found = service.find_draft(mine)
        assert (found.body, found.is_note) == ("Caro cliente", True)
    with act("manager"):
        assert service.find_draft(mine) is None
    with act("agent"):
        service.save_draft(mine, " ")
        assert service.find_draft(mine) is None


def test_only_who_sees_the_conversation_is_offered_to_be_called(company, client_for, second_agent, ticket):
    mine = ticket(user_id=company.users["agent"], status="open")
    page = client_for("agent").get(f"/inbox/{mine}").get_data(as_text=True)
    assert f'data-person="{company.users["manager"]}"' in page
    assert f'data-person="{second_agent.user_id}"' not in page
    assert f'data-person="{company.users["agent"]}"' not in page
