"""The verbs of a conversation: who may, what they leave behind, and who wins a race."""

import threading
import uuid

import pytest

from app.core.context import acting
from app.core.db import release
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.inbox import queries, service

STATE = "SELECT status, user_id, queue_id, mode, closed_at, first_response_at FROM tickets WHERE id = :id"


def test_taking_opens_stops_the_bot_and_tells_the_customer(company, act, ticket, one):
    waiting = ticket(mode="bot", needs_human_attention=True)
    with act("agent"):
        service.take(waiting)
    row = one(STATE, id=waiting)
    assert (row["status"], row["mode"], row["user_id"]) == ("open", "human", company.users["agent"])
    event = one("SELECT kind, user_id, assigned_at FROM ticket_events WHERE ticket_id = :id", id=waiting)
    assert (event["kind"], event["user_id"], event["assigned_at"] is not None) == (
        "taken",
        company.users["agent"],
        True,
    )
    said = one("SELECT body, sender_type FROM messages WHERE ticket_id = :id AND direction = 'outbound'", id=waiting)
    assert said["sender_type"] == "system"
    assert "Agent" in said["body"]
    assert one("SELECT action FROM audit_logs WHERE resource_id = :id", id=waiting)["action"] == "ticket.taken"


def test_taking_ones_own_again_changes_nothing(act, ticket, rows):
    waiting = ticket()
    with act("agent"):
        service.take(waiting)
        service.take(waiting)
    assert len(rows("SELECT id FROM ticket_events WHERE ticket_id = :id", id=waiting)) == 1


def test_of_two_who_take_one_wins_and_the_other_learns_who(app, company, second_agent, ticket, rows):
    waiting = ticket()
    outcomes, gate = [], threading.Barrier(4)

    def grab(actor):
        with app.app_context(), acting(actor):
            gate.wait()
            try:
                outcomes.append(("won", service.take(waiting).user_id))
            except Conflict as refused:
                outcomes.append(("lost", str(refused.message)))
            release()

    people = [company.actor("agent"), second_agent, company.actor("manager"), company.actor("admin")]
    threads = [threading.Thread(target=grab, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [who for outcome, who in outcomes if outcome == "won"]
    assert len(rows("SELECT id FROM ticket_events WHERE ticket_id = :id AND kind = 'taken'", id=waiting)) == 1
    names = {row["id"]: row["name"] for row in rows("SELECT id, name FROM users")}
    lost = [words for outcome, words in outcomes if outcome == "lost"]
    assert len(lost) == 3
    assert all(words.startswith(names[winner]) for words in lost)


def test_only_who_sees_all_may_take_a_colleagues_and_only_on_purpose(company, act, second_agent, ticket, one):
    waiting = ticket()
    with acting(second_agent):
        service.take(waiting)
    with act("agent"), pytest.raises(Conflict):
        service.take(waiting, force=True)
    with act("manager"):
        with pytest.raises(Conflict):
            service.take(waiting)
        service.take(waiting, force=True)
    assert one(STATE, id=waiting)["user_id"] == company.users["manager"]


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_who_does_not_attend_may_do_nothing(act, ticket, role):
    waiting = ticket()
    with act(role):
        for verb in (
            service.take,
            service.release,
            service.close,
            service.reopen,
            service.mark_read,
            queries.get_ticket,
        ):
            with pytest.raises(Forbidden):
                verb(waiting)


def every_door(ticket_id, colleague):
    """All that can be asked about one conversation."""
    return [
        lambda: queries.get_ticket(ticket_id),
        lambda: queries.thread(ticket_id),
        lambda: queries.list_scheduled(ticket_id),
        lambda: service.release(ticket_id),
        lambda: service.transfer(ticket_id, user_id=colleague),
        lambda: service.close(ticket_id),
        lambda: service.reopen(ticket_id),
        lambda: service.set_priority(ticket_id, "high"),
        lambda: service.set_tags(ticket_id, []),
        lambda: service.mark_read(ticket_id),
        lambda: service.mark_unread(ticket_id),
        lambda: service.add_note(ticket_id, "nota"),
        lambda: service.reply(ticket_id, client_key=uuid.uuid4().hex, body="oi"),
        lambda: service.save_draft(ticket_id, "rascunho"),
        lambda: service.find_draft(ticket_id),
    ]


def test_an_agent_finds_no_door_to_a_colleagues_conversation(company, act, second_agent, ticket, rows):
    theirs = ticket(words="segredo da Bruna", status="open", user_id=second_agent.user_id)
    before = rows("SELECT * FROM tickets WHERE id = :id", id=theirs)
    with act("agent"):
        for door in every_door(theirs, company.users["agent"]):
            with pytest.raises(NotFound):
                door()
        assert queries.rows_of([theirs]) == {}
        assert queries.list_tickets("all").items == []
        assert queries.list_tickets("all", queries.TicketFilter(q="segredo")).items == []
        assert queries.list_tickets("all", queries.TicketFilter(user_id=second_agent.user_id)).items == []
        assert queries.matching_messages("segredo") == {}
        assert set(vars(queries.inbox_counts()).values()) == {0}
    assert rows("SELECT * FROM tickets WHERE id = :id", id=theirs) == before


def test_another_company_finds_no_door_either(outsider, ticket):
    theirs = ticket()
    with acting(outsider.actor("admin")):
        for door in [lambda: service.take(theirs), *every_door(theirs, outsider.users["agent"])]:
            with pytest.raises(NotFound):
                door()


def test_what_waits_is_seen_by_its_queue_only(company, act, second_agent, ticket, queue):
    sales = queue("Vendas", members=[second_agent.user_id])
    hidden, open_to_all = ticket(queue_id=sales), ticket("João")
    with act("agent"):
        assert [row.id for row in queries.list_tickets("waiting").items] == [open_to_all]
        with pytest.raises(NotFound):
            service.take(hidden)
    with acting(second_agent):
        assert {row.id for row in queries.list_tickets("waiting").items} == {hidden, open_to_all}
    with act("manager"):
        assert queries.inbox_counts().waiting == 2


def test_transfers_to_a_queue_wait_and_to_a_person_arrive(company, act, second_agent, ticket, queue, one, rows):
    sales, mine = queue("Vendas", members=[second_agent.user_id]), ticket()
    with act("agent"):
        service.take(mine)
        service.transfer(mine, queue_id=sales, note="quer preço")
        with pytest.raises(NotFound):
            queries.get_ticket(mine)
    row = one(STATE, id=mine)
    assert (row["status"], row["user_id"], row["queue_id"]) == ("pending", None, sales)
    with acting(second_agent):
        service.take(mine)
        service.transfer(mine, user_id=company.users["agent"])
    assert one(STATE, id=mine)["user_id"] == company.users["agent"]
    events = rows("SELECT kind, details, completed_at FROM ticket_events WHERE ticket_id = :id ORDER BY id", id=mine)
    assert [event["kind"] for event in events] == ["taken", "transferred", "taken", "transferred"]
    assert events[1]["details"]["note"] == "quer preço"
    assert [event["completed_at"] is not None for event in events] == [True, False, True, False]


def test_transfers_that_lead_nowhere_are_refused(company, outsider, act, ticket, queue):
    mine = ticket()
    with act("agent"):
        service.take(mine)
        for where in (
            {},
            {"queue_id": uuid.uuid4()},
            {"queue_id": queue("Parada", is_active=False)},
            {"user_id": company.users["viewer"]},
            {"user_id": outsider.users["agent"]},
        ):
            with pytest.raises(Invalid):
                service.transfer(mine, **where)


def test_a_closed_conversation_stays_closed_until_reopened(company, act, ticket, one):
    mine = ticket()
    with act("agent"):
        service.take(mine)
        service.close(mine, ask_rating=False)
        for verb in (service.close, service.release, service.take):
            with pytest.raises(Conflict):
                verb(mine)
        with pytest.raises(Conflict):
            service.transfer(mine, user_id=company.users["manager"])
        with pytest.raises(Conflict):
            service.reply(mine, client_key="k", body="oi")
        assert one(STATE, id=mine)["closed_at"] is not None
        service.reopen(mine)
        with pytest.raises(Conflict):
            service.reopen(mine)
    row = one(STATE, id=mine)
    assert (row["status"], row["user_id"], row["closed_at"]) == ("open", company.users["agent"], None)


def test_nothing_is_reopened_beside_another_open_one(company, act, ticket, one):
    mine = ticket()
    with act("agent"):
        service.take(mine)
        service.close(mine)
    contact = one("SELECT contact_id FROM tickets WHERE id = :id", id=mine)["contact_id"]
    from app.core.db import transaction
    from app.inbox.models import Ticket

    with acting(company.system), transaction() as session:
        number = session.get(Ticket, mine).instance_id
        session.add(Ticket(contact_id=contact, instance_id=number))
    with act("agent"), pytest.raises(Conflict):
        service.reopen(mine)


def test_closing_asks_for_a_grade_when_the_company_wants_one(act, ticket, one, rows):
    mine, other = ticket(), ticket("João")
    with act("agent"):
        service.take(mine)
        service.close(mine)
        service.take(other)
        service.close(other, ask_rating=False)
    assert one("SELECT needs_rating_until FROM tickets WHERE id = :id", id=mine)["needs_rating_until"] is not None
    assert one("SELECT needs_rating_until FROM tickets WHERE id = :id", id=other)["needs_rating_until"] is None
    bodies = [row["body"] for row in rows("SELECT body FROM messages WHERE ticket_id = :id ORDER BY id", id=mine)]
    assert "1 a 5" in bodies[-1]


def test_the_figures_are_written_with_the_verbs(company, act, ticket, rows):
    mine = ticket()
    with act("agent"):
        service.take(mine)
        service.reply(mine, client_key="a", body="Oi!")
        service.close(mine, ask_rating=False)
    total = {}
    for row in rows("SELECT * FROM attendance_daily"):
        for name in ("closed", "resolutions", "first_responses", "sent"):
            total[name] = total.get(name, 0) + row[name]
    assert total == {"closed": 1, "resolutions": 1, "first_responses": 1, "sent": 2}
