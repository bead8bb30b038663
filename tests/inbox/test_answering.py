"""Answers leave once; notes stay inside; what is written for later can be changed until its moment."""

import threading
import uuid
from datetime import timedelta

import pytest
from rq import Queue
from sqlalchemy import event, text

from app.contacts.models import Tag
from app.core import background, clock
from app.core.context import acting
from app.core.db import release, transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.extensions import db
from app.inbox import jobs, queries, service
from app.inbox.models import Ticket
from tests.factories import make_contact
from tests.inbox.conftest import said

TICKET = "SELECT * FROM tickets WHERE id = :id"


def test_answering_what_waits_takes_it_and_leaves_on_the_high_lane(company, act, ticket, one):
    waiting = ticket()
    with act("agent"):
        sent = service.reply(waiting, client_key="k1", body="Já vejo", sign=True)
        sent_id = sent.id
    row = one(TICKET, id=waiting)
    assert (row["status"], row["user_id"], row["unread_count"]) == ("open", company.users["agent"], 0)
    assert row["last_message_id"] == sent_id
    assert row["first_response_at"] is not None
    assert one("SELECT lane FROM outbox WHERE message_id = :id", id=sent_id)["lane"] == 0
    assert one("SELECT body FROM messages WHERE id = :id", id=sent_id)["body"] == "*Agent:*\nJá vejo"


def test_the_same_key_is_the_same_message_however_often(app, company, act, ticket, rows):
    mine = ticket()
    with act("agent"):
        service.take(mine)
    found, gate = [], threading.Barrier(5)

    def click():
        with app.app_context(), acting(company.actor("agent")):
            gate.wait()
            found.append(service.reply(mine, client_key="double-click", body="uma vez só").id)
            release()

    threads = [threading.Thread(target=click) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 5
    assert len(rows("SELECT id FROM messages WHERE body = 'uma vez só'")) == 1
    assert len(rows("SELECT message_id FROM outbox WHERE message_id = :id", id=found[0])) == 1


def test_a_key_whose_answer_failed_may_be_used_again(act, ticket):
    mine = ticket()
    with act("agent"):
        with pytest.raises(Invalid):
            service.reply(mine, client_key="k", body="  ")
        assert service.reply(mine, client_key="k", body="agora sim").body == "agora sim"


def test_of_two_who_answer_what_waits_one_wins(app, company, second_agent, ticket, rows):
    waiting, outcomes, gate = ticket(), [], threading.Barrier(2)

    def answer(actor):
        with app.app_context(), acting(actor):
            gate.wait()
            try:
                service.reply(waiting, client_key=uuid.uuid4().hex, body="Oi!")
                outcomes.append("sent")
            except (Conflict, NotFound):
                outcomes.append("lost")
            release()

    threads = [threading.Thread(target=answer, args=(who,)) for who in (company.actor("agent"), second_agent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "sent"]
    assert len(rows("SELECT id FROM messages WHERE body = 'Oi!'")) == 1


def test_a_quote_goes_to_the_gateway_and_comes_back_in_the_thread(company, act, ticket, one):
    mine = ticket(words="Tem pão?")
    asked = one("SELECT id, external_id, instance_id FROM messages WHERE ticket_id = :id", id=mine)
    with acting(company.system), transaction() as session:
        session.execute(
            text("INSERT INTO external_refs (instance_id, external_id, tenant_id, message_id) VALUES (:i, :e, :t, :m)"),
            {"i": asked["instance_id"], "e": asked["external_id"], "t": company.tenant_id, "m": asked["id"]},
        )
    with act("agent"):
        sent = service.reply(mine, client_key="q", body="Tem!", reply_to=asked["id"])
        assert sent.reply_to == asked["external_id"]
        assert sent.details["quoted"]["text"] == "Tem pão?"
        drawn = next(
            item for item in queries.thread(mine).items if item.kind == "message" and item.message.id == sent.id
        )
        assert drawn.quote.text == "Tem pão?"
        with pytest.raises(NotFound):
            service.reply(mine, client_key="r", body="x", reply_to=uuid.uuid4())


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


def test_our_side_may_begin_and_goes_on_with_what_is_open(act, company, number, second_agent, rows):
    with acting(company.system):
        contact = make_contact("Ana").id
    with act("agent"):
        begun = service.start(contact, number)
        assert (begun.status, begun.user_id) == ("open", company.users["agent"])
        begun_id = begun.id
        assert service.start(contact, number).id == begun_id
        service.reply(begun_id, client_key="k", body="Oi, Ana! Seu pedido chegou.")
    with acting(second_agent), pytest.raises(Conflict):
        service.start(contact, number)
    assert rows("SELECT first_response_at FROM tickets") == [{"first_response_at": None}]
    with act("agent"), pytest.raises(NotFound):
        service.start(uuid.uuid4(), number)


def test_blue_ticks_are_asked_for_once_and_a_dead_gateway_does_no_harm(act, company, ticket, one):
    mine = ticket()
    with act("agent"):
        service.mark_read(mine)
        service.mark_read(mine)
    asked = [job for job in queued_jobs() if job["name"] == "inbox.mark_read"]
    assert len(asked) == 1
    jobs.mark_read(**asked[0]["args"])
    with act("admin"):
        service.save_settings(mark_read=False)
    other = ticket("Outra")
    with act("agent"):
        service.mark_read(other)
    assert len([job for job in queued_jobs() if job["name"] == "inbox.mark_read"]) == 1


def queued_jobs():
    return [job.kwargs for job in Queue("default", connection=background.redis()).jobs]


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


def test_later_is_listed_changed_and_cancelled(act, company, ticket, one):
    mine, tomorrow = ticket(), clock.now() + timedelta(days=1)
    with act("agent"):
        service.take(mine)
        later = service.reply(mine, client_key="s", body="Bom dia!", send_after=tomorrow)
        later_id = later.id
        assert [row.id for row in queries.list_scheduled(mine)] == [later_id]
        assert later_id not in {item.message.id for item in queries.thread(mine).items if item.kind == "message"}
        assert one(TICKET, id=mine)["last_message_id"] != later_id
        service.edit_scheduled(later_id, body="Bom dia, Maria!", send_after=tomorrow + timedelta(hours=1))
        assert one("SELECT send_after FROM outbox WHERE message_id = :id", id=later_id)[
            "send_after"
        ] == tomorrow + timedelta(hours=1)
        service.cancel_scheduled(later_id)
        assert queries.list_scheduled(mine) == []
        with pytest.raises(Conflict):
            service.edit_scheduled(later_id, body="tarde demais")
        with pytest.raises(Invalid):
            service.reply(mine, client_key="t", body="x", send_after=clock.now() - timedelta(minutes=1))


def test_at_its_moment_it_moves_the_conversation_up(act, company, ticket, one):
    mine, soon = ticket(), clock.now() + timedelta(hours=1)
    with act("agent"):
        service.take(mine)
        later = service.reply(mine, client_key="s", body="Agora", send_after=soon).id
    jobs.show_scheduled(str(company.tenant_id), str(later))
    assert one(TICKET, id=mine)["last_message_id"] != later
    with clock.frozen(soon + timedelta(seconds=1)):
        jobs.show_scheduled(str(company.tenant_id), str(later))
        jobs.show_scheduled(str(company.tenant_id), str(later))
    assert one(TICKET, id=mine)["last_message_id"] == later
    assert one("SELECT sum(first_responses) AS n FROM attendance_daily")["n"] == 1


def test_reading_marks_messages_and_tells_whatsapp_if_wanted(act, ticket, one):
    mine = ticket()
    with act("agent"):
        service.mark_read(mine)
        assert one(TICKET, id=mine)["unread_count"] == 0
        assert one("SELECT read_at FROM messages WHERE ticket_id = :id", id=mine)["read_at"] is not None
        service.mark_unread(mine)
        assert one(TICKET, id=mine)["unread_count"] == 1


def test_tags_and_priority_leave_a_line_each(act, company, ticket, rows):
    mine = ticket()
    with acting(company.system), transaction() as session:
        tag = Tag(name="VIP")
        session.add(tag)
        session.flush()
        tag_id = tag.id
    with act("agent"):
        service.set_tags(mine, [tag_id])
        service.set_tags(mine, [tag_id])
        service.set_priority(mine, "high")
        service.set_priority(mine, "high")
        assert [tag.name for tag in queries.get_row(mine).tags] == ["VIP"]
        assert [row.id for row in queries.list_tickets("all", queries.TicketFilter(tag_id=tag_id)).items] == [mine]
        with pytest.raises(Invalid):
            service.set_tags(mine, [uuid.uuid4()])
        with pytest.raises(Invalid):
            service.set_priority(mine, "enorme")
    events = rows("SELECT kind, details FROM ticket_events WHERE ticket_id = :id ORDER BY id", id=mine)
    assert [event["kind"] for event in events] == ["tags", "priority"]
    assert events[1]["details"] == {"from": "medium", "to": "high"}


def test_bulk_says_what_it_could_not_do(act, second_agent, ticket):
    one, two, theirs = ticket("A"), ticket("B"), ticket("C", status="open", user_id=second_agent.user_id)
    with act("agent"):
        outcome = service.bulk("close", [one, two, theirs], ask_rating=False)
        assert set(outcome.done) == {one, two}
        assert [ticket_id for ticket_id, _why in outcome.failed] == [theirs]
        with pytest.raises(Invalid):
            service.bulk("explode", [one])


def test_quick_replies_are_filled_for_the_conversation(act, company, ticket):
    mine = ticket("Maria Souza")
    with act("manager"):
        reply = service.create_quick_reply(
            "ola", "Oi {primeiro_nome}, aqui é {atendente} da {empresa}. {cidade|Tudo bem}?"
        )
    with act("agent"):
        assert service.fill_quick_reply(reply.id, mine) == "Oi Maria, aqui é Agent da Padaria do Zé. Tudo bem?"


def test_saved_filters_are_ones_own(act):
    with act("agent"):
        saved = service.save_filter("Urgentes", {"priority": "urgent"})
        service.save_filter("Urgentes", {"priority": "high"})
        assert [row.filters for row in queries.list_saved_filters()] == [{"priority": "high"}]
    with act("manager"):
        assert list(queries.list_saved_filters()) == []
        with pytest.raises(NotFound):
            service.delete_filter(saved.id)


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


def test_a_blocked_person_can_still_be_taken_and_closed(act, company, ticket, one):
    mine = ticket()
    with acting(company.system), transaction() as session:
        session.execute(text("UPDATE contacts SET is_blocked = true"))
    with act("agent"):
        service.take(mine)
        with pytest.raises(Conflict):
            service.reply(mine, client_key="k", body="oi")
        service.close(mine)
    assert one(TICKET, id=mine)["status"] == "closed"


def test_closing_over_a_word_not_yet_read_is_refused(act, company, ticket, one):
    mine = ticket()
    seen = one(TICKET, id=mine)["last_message_id"]
    with act("agent"):
        service.take(mine)
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, mine)
        session.add(said(row, "espera!"))
        row.last_inbound_at, row.unread_count = clock.now() + timedelta(seconds=1), 1
    with act("agent"):
        with pytest.raises(Conflict):
            service.close(mine, last_seen=seen)
        service.close(mine, ask_rating=False)


def test_another_companys_files_and_contacts_are_out_of_reach(act, outsider, ticket):
    with acting(outsider.actor("admin")):
        make_contact("Alheia")
    mine = ticket()
    with act("agent"), pytest.raises(NotFound):
        service.reply(mine, client_key="m", type="image", media_id=uuid.uuid4())
