"""The customer is typing: told to who has the conversation open, when it is news, and to nobody else."""

import json
from datetime import timedelta

import pytest
from rq import Queue
from sqlalchemy import text

from app.core import background, clock, ids
from app.core.context import acting
from app.core.db import transaction
from app.gateways.events import TypingSeen
from app.inbox import jobs, queries, service
from app.inbox.service import watching
from app.webhooks.service import process
from tests.factories import make_contact
from tests.inbox.test_sockets import ask, bruna, heard, listen, server
from tests.inbox.test_with_gateway import CUSTOMER, events, line, mailbox, new_line, senders, sim, timings

__all__ = ["bruna", "events", "line", "listen", "mailbox", "new_line", "senders", "server", "sim", "timings"]
JID = "5511987651234@s.whatsapp.net"
LEARN = """
    INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
    SELECT tenant_id, 'lid', '777@lid', contact_id FROM tickets WHERE id = :id
"""


@pytest.fixture
def talk(company, ticket):
    """The agent's own conversation, with somebody whose number and opaque address are known."""
    with acting(company.system):
        contact = make_contact("Rita Prado", "5511987651234")
        mine = ticket("x", contact_id=contact.id, status="open", user_id=company.users["agent"])
        with transaction() as session:
            session.execute(text(LEARN), {"id": mine})
    return mine


def type_(company, number, jid=JID, doing="typing"):
    with acting(company.system):
        service.hear_typing(number, TypingSeen("x", jid, doing))


def watches():
    jobs = [job.kwargs for job in Queue("default", connection=background.redis()).jobs]
    return [job["args"]["ticket_id"] for job in jobs if job["name"] == "inbox.watch_typing"]


def test_only_who_has_the_conversation_open_hears_it(company, listen, talk, number, bruna):
    inside, outside, colleague = listen("agent"), listen("manager"), listen("agent", bruna)
    assert ask(inside, "ticket:subscribe", {"ticket_id": str(talk)})["ok"]
    assert not ask(colleague, "ticket:subscribe", {"ticket_id": str(talk)})["ok"]
    for one in (inside, outside, colleague):
        one.get_received()
    type_(company, number)
    type_(company, number, "777@lid", "recording")
    type_(company, number, doing="")
    told = [(each["ticket_id"], each["doing"]) for each in heard(inside, "contact:typing")]
    assert told == [(str(talk), "typing"), (str(talk), "recording"), (str(talk), "")]
    assert heard(outside) == []
    assert heard(colleague) == []


@pytest.mark.parametrize("jid", ["5511900000000@s.whatsapp.net", "888@lid", "x@y", ""])
def test_strangers_and_nonsense_are_nobody(company, listen, talk, number, jid):
    inside = listen("agent")
    ask(inside, "ticket:subscribe", {"ticket_id": str(talk)})
    inside.get_received()
    type_(company, number, jid)
    assert heard(inside) == []


def test_what_was_typed_a_while_ago_is_no_news(company, listen, talk, number, rows):
    inside = listen("agent")
    ask(inside, "ticket:subscribe", {"ticket_id": str(talk)})
    inside.get_received()
    for seconds, state in ((60, "composing"), (0, "recording")):
        data = {"id": JID, "presences": {JID: {"lastKnownPresence": state}}}
        raw = json.dumps({"event": "presence.update", "instance": "loja", "data": data}).encode()
        with acting(company.system), transaction() as session:
            made = ids.new_id(clock.now() - timedelta(seconds=seconds))
            values = {"id": made, "t": company.tenant_id, "i": number, "raw": raw}
            session.execute(text("SELECT store_inbound(:id, :t, :i, :raw)"), values)
    with acting(company.system):
        process(number)
    assert [each["doing"] for each in heard(inside, "contact:typing")] == ["recording"]
    assert {row["state"] for row in rows("SELECT state FROM inbound_events")} == {"done"}


def test_whatsapp_is_asked_once_in_a_while_and_only_for_ones_own(act, client_for, talk, ticket):
    waiting = ticket("Outra")
    agent = client_for("agent")
    for _ in range(2):
        agent.get(f"/inbox/{talk}")
        agent.get(f"/inbox/{waiting}")
    client_for("manager").get(f"/inbox/{talk}")
    assert watches() == [str(talk)]


def test_a_number_that_is_away_is_not_asked(company, talk, number, rows):
    with acting(company.system):
        with transaction() as session:
            session.execute(text("UPDATE instances SET status = 'disconnected' WHERE id = :id"), {"id": number})
        assert watching.find_watched(talk) is None
        with transaction() as session:
            session.execute(text("UPDATE instances SET status = 'connected' WHERE id = :id"), {"id": number})
        _instance, recipient = watching.find_watched(talk)
    assert (recipient.phone, recipient.lid) == ("+5511987651234", "777@lid")


def test_from_the_customers_phone_to_the_attendants_page(company, act, listen, line, events, one, rows):
    line.sim.play("POST", f"instances/{line.name}/inbound", **{"from": CUSTOMER}, text="Oi")
    events(lambda: rows("SELECT 1 FROM tickets"))
    mine = one("SELECT id FROM tickets")["id"]
    with act("agent"):
        service.take(mine)
        service.watch_typing(queries.get_row(mine))
    assert watches() == [str(mine)]
    jobs.watch_typing(str(company.tenant_id), str(mine))
    inside = listen("agent")
    ask(inside, "ticket:subscribe", {"ticket_id": str(mine)})
    told = []
    line.sim.play("POST", f"instances/{line.name}/typing", **{"from": CUSTOMER})
    events(lambda: told.extend(heard(inside, "contact:typing")) or told)
    assert told == [{"ticket_id": str(mine), "doing": "typing"}]
