import uuid

import pytest

from app.core.context import acting
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.messages import queries, service


def found(**filters):
    return [message.id for message in queries.list_messages(**filters).items]


def test_newest_first_and_filtered(as_admin, write, minutes_ago):
    instance, contact, campaign = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    first = write(minutes_ago(3), instance_id=instance, direction="inbound", status="received")
    second = write(minutes_ago(2), contact_id=contact, status="read")
    third = write(minutes_ago(1), campaign_id=campaign, status="failed")
    assert found() == [third, second, first]
    assert found(instance_id=instance) == [first]
    assert found(contact_id=contact) == [second]
    assert found(campaign_id=campaign) == [third]
    assert found(direction="inbound") == [first]
    assert found(status="failed") == [third]
    assert found(direction="inbound", status="failed") == []


def test_times_are_both_included(as_admin, write, minutes_ago):
    early, middle, late = minutes_ago(30), minutes_ago(20), minutes_ago(10)
    rows = [write(at) for at in (early, middle, late)]
    assert found(since=middle) == [rows[2], rows[1]]
    assert found(until=middle) == [rows[1], rows[0]]
    assert found(since=middle, until=middle) == [rows[1]]


@pytest.mark.parametrize("by_contact", [True, False])
def test_pages_and_cursors_show_each_row_once(as_admin, write, minutes_ago, by_contact):
    contact = uuid.uuid4()
    at = minutes_ago(5)  # all in the same instant: the id decides
    rows = {write(at, contact_id=contact) for _row in range(7)}
    filters = {"contact_id": contact} if by_contact else {}
    seen, cursor = [], None
    while True:
        page = queries.list_messages(limit=3, cursor=cursor, **filters)
        assert (page.total, page.total_pages) == (7, 3)
        seen += [message.id for message in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == rows
    assert seen == found(page=1, limit=3, **filters) + found(page=2, limit=3, **filters) + found(
        page=3, limit=3, **filters
    )


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0=", "W10="])
def test_a_cursor_that_is_not_ours_is_refused(as_admin, cursor):
    with pytest.raises(Invalid):
        queries.list_messages(cursor=cursor)


def test_the_total_stops_somewhere(as_admin, write, monkeypatch):
    for _row in range(4):
        write()
    monkeypatch.setattr(queries, "COUNT_TO", 3)
    assert queries.list_messages().total == 3


def test_a_message_has_its_history_in_order(as_admin, write, minutes_ago):
    message = write(minutes_ago(5), direction="inbound", status="received")
    service.mark_read(message)
    assert [event.status for event in queries.list_events(message)] == ["received", "read"]


def test_agents_see_their_conversations_and_those_that_wait(company, write, ticket):
    mine = write(ticket_id=ticket(user_id=company.users["agent"], status="open"))
    waiting = write(ticket_id=ticket(status="pending"))
    others = write(ticket_id=ticket(user_id=company.users["manager"], status="open"))
    campaign = write(campaign_id=uuid.uuid4())
    sent = write(user_id=company.users["agent"])
    stray = write()
    with acting(company.actor("agent")):
        assert set(found()) == {mine, waiting, campaign, sent}
        for hidden in (others, stray):
            with pytest.raises(NotFound):
                queries.get_message(hidden)
    with acting(company.actor("manager")):
        assert len(found()) == 6
    with acting(company.actor("viewer")):
        assert found() == [campaign]
    with acting(company.actor("developer")), pytest.raises(Forbidden):
        found()


def test_conversations_are_answered_by_who_may_open_them(company, ticket):
    theirs = ticket(user_id=company.users["manager"], status="open")
    with acting(company.actor("agent")), pytest.raises(NotFound):
        queries.get_conversation(theirs)
    with acting(company.actor("admin")):
        assert queries.get_conversation(theirs).id == theirs


def test_another_company_sees_nothing(outsider, write, ticket):
    message, conversation = write(), ticket()
    with acting(outsider.actor()):
        assert found() == []
        with pytest.raises(NotFound):
            queries.get_message(message)
        with pytest.raises(NotFound):
            queries.get_conversation(conversation)
        assert queries.list_events(message) == []


def test_reading_is_for_what_came_in_and_happens_once(as_admin, write):
    came, went = write(direction="inbound", status="received"), write()
    first = service.mark_read(came).read_at
    assert service.mark_read(came).read_at == first
    assert len(queries.list_events(came)) == 2
    with pytest.raises(Conflict):
        service.mark_read(went)
