"""What is written for later can be changed until its moment."""

from datetime import timedelta

import pytest

from app.core import clock
from app.core.errors import Conflict, Invalid
from app.inbox import jobs, queries, service

TICKET = "SELECT * FROM tickets WHERE id = :id"


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
