"""A conversation over real HTTP: the customer on the simulator's phone, the webhook, the answer, the blue ticks."""

import uuid

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import release, transaction
from app.core.ids import new_id
from app.inbox import jobs, queries, service
from app.webhooks import jobs as webhooks
from tests.outbox.conftest import line, mailbox, new_line, senders, sim, timings, wait_until

__all__ = ["line", "mailbox", "new_line", "senders", "sim", "timings"]
CUSTOMER = "5511987651234"


@pytest.fixture
def events(company, line):
    """Take what the gateway posted, as the door and the worker do."""

    def take(seconds=5.0):
        _headers, body = line.mailbox.next(timeout=seconds)
        with acting(company.system), transaction() as session:
            values = {"id": new_id(), "t": company.tenant_id, "i": line.id, "raw": body}
            session.execute(text("SELECT store_inbound(:id, :t, :i, :raw)"), values)
        webhooks.process()
        release()

    def until(condition):
        wait_until(lambda: condition() or take() or condition())

    return until


def test_question_quote_answer_grade(company, act, line, events, senders, one, rows):
    line.sim.play("POST", f"instances/{line.name}/inbound", **{"from": CUSTOMER}, text="Tem pão de queijo?")
    events(lambda: rows("SELECT 1 FROM tickets"))
    ticket = one("SELECT id FROM tickets")["id"]
    asked = one("SELECT id, external_id FROM messages WHERE direction = 'inbound'")
    with act("agent"):
        service.take(ticket)
        service.mark_read(ticket)
        service.reply(ticket, client_key=uuid.uuid4().hex, body="Tem, quentinho!", reply_to=asked["id"])
    jobs.mark_read(str(company.tenant_id), str(line.id), [str(asked["id"])])
    senders()
    wait_until(lambda: "Tem, quentinho!" in line.texts())
    assert line.texts().count("Tem, quentinho!") == 1
    wait_until(lambda: one("SELECT status FROM messages WHERE body = 'Tem, quentinho!'")["status"] != "queued")
    with act("agent"):
        drawn = [item for item in queries.thread(ticket).items if item.kind == "message"]
        assert drawn[-1].quote.text == "Tem pão de queijo?"
        service.close(ticket)
    wait_until(lambda: any("1 a 5" in words for words in line.texts()))
    line.sim.play("POST", f"instances/{line.name}/inbound", **{"from": CUSTOMER}, text="5")
    events(lambda: one("SELECT rating FROM tickets")["rating"] == 5)
    assert one("SELECT status FROM tickets")["status"] == "closed"
