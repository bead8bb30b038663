"""Read and unread, tags and priority, one conversation or many."""

import uuid

import pytest
from rq import Queue

from app.contacts.models import Tag
from app.core import background
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Invalid, NotFound
from app.inbox import jobs, queries, service

TICKET = "SELECT * FROM tickets WHERE id = :id"


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


def test_saved_filters_are_ones_own(act):
    with act("agent"):
        saved = service.save_filter("Urgentes", {"priority": "urgent"})
        service.save_filter("Urgentes", {"priority": "high"})
        assert [row.filters for row in queries.list_saved_filters()] == [{"priority": "high"}]
    with act("manager"):
        assert list(queries.list_saved_filters()) == []
        with pytest.raises(NotFound):
            service.delete_filter(saved.id)
