"""Where a new conversation goes: menu, hours, the number's own queue, and who is handed it."""

import threading
from datetime import timedelta

import pytest

from app.core import clock
from app.core.context import acting
from app.core.db import release, transaction
from app.inbox import service
from app.inbox.service import presence, routing
from app.instances.models import Instance
from tests.inbox.conftest import make_agent
from tests.inbox.customers import people, spoken

ALWAYS_SHUT = {"start": "00:00", "end": "00:01", "days": [1]}


def test_the_menu_asks_once_more_and_then_leaves_it_to_people(say, one, rows, queue):
    queue("Suporte", greeting="Suporte, bom dia!"), queue("Vendas")
    say("Oi")
    assert "*1* - Suporte\n*2* - Vendas" in spoken(rows)[0]
    say("quero falar com alguém")
    say("sei lá")
    assert len(spoken(rows)) == 2
    assert one("SELECT queue_id FROM tickets")["queue_id"] is None
    say("1")
    assert spoken(rows)[-1] == "Suporte, bom dia!"


@pytest.mark.parametrize("answer", ["2", "2️⃣", "VENDAS", "opção 2."])
def test_the_answer_to_the_menu_is_a_number_or_a_name(say, one, queue, answer):
    queue("Suporte")
    sales = queue("Vendas")
    say("Oi")
    say(answer)
    assert one("SELECT queue_id FROM tickets")["queue_id"] == sales


def test_the_numbers_own_queue_needs_no_menu(company, number, say, one, rows, queue):
    queue("Suporte")
    sales = queue("Vendas", greeting="Vendas!")
    with acting(company.system), transaction() as session:
        session.get(Instance, number).default_queue_id = sales
    say("Oi")
    assert one("SELECT queue_id FROM tickets")["queue_id"] == sales
    assert spoken(rows) == ["Vendas!"]


def test_without_the_menu_and_with_one_queue(company, say, one, rows, queue, settings):
    only = queue("Vendas", members=[company.users["agent"]])
    say("Oi")
    assert one("SELECT queue_id FROM tickets")["queue_id"] == only
    queue("Suporte")
    settings(menu=False)
    say("Oi", jid="5511911112222@s.whatsapp.net")
    assert spoken(rows) == []


def test_out_of_hours_it_says_so_and_gives_to_nobody(company, say, one, rows, queue, online):
    agent = company.users["agent"]
    queue("Vendas", [agent], hours=ALWAYS_SHUT, greeting="Olá!", away_message="Fechado.", distribution="round_robin")
    online(agent)
    say("Oi")
    assert spoken(rows) == ["Fechado."]
    assert one("SELECT user_id FROM tickets")["user_id"] is None


def test_round_robin_takes_turns_among_those_who_are_here(company, say, rows, queue, online, settings):
    settings(announce=False)
    ana, bia = make_agent(company, "Ana").user_id, make_agent(company, "Bia").user_id
    queue("Vendas", [ana, bia, company.users["agent"]], distribution="round_robin")
    online(ana, bia)
    for n in range(4):
        say("Oi", jid=people(n))
    owners = [row["user_id"] for row in rows("SELECT user_id FROM tickets ORDER BY id")]
    assert set(owners[:2]) == {ana, bia}
    assert owners[:2] == owners[2:]
    assert {row["details"]["rule"] for row in rows("SELECT details FROM ticket_events WHERE kind = 'assigned'")} == {
        "round_robin"
    }


def test_the_least_busy_gets_it_up_to_their_limit(company, say, rows, queue, ticket, online):
    ana = make_agent(company, "Ana", max_tickets=2).user_id
    bia = make_agent(company, "Bia", max_tickets=1).user_id
    queue("Vendas", [ana, bia], distribution="least_busy")
    online(ana, bia)
    for n in range(4):
        say("Oi", jid=people(n))
    owners = [row["user_id"] for row in rows("SELECT user_id FROM tickets ORDER BY id")]
    assert sorted(owners[:3], key=str) == sorted([ana, ana, bia], key=str)
    assert owners[3] is None


def test_who_is_away_gets_nothing_and_what_waits_goes_to_who_comes_back(act, company, say, one, queue, online):
    agent = company.users["agent"]
    queue("Vendas", [agent], distribution="round_robin")
    online(agent)
    with act("agent"):
        service.set_presence("away")
    say("Oi")
    assert one("SELECT user_id FROM tickets")["user_id"] is None
    with act("agent"):
        service.set_presence("online")
    with acting(company.system):
        assert routing.distribute_waiting() == 1
        assert routing.distribute_waiting() == 0
    assert one("SELECT user_id, status FROM tickets") == {"user_id": agent, "status": "open"}


def test_who_gave_it_back_is_not_handed_it_again_at_once(act, company, say, one, queue, online):
    agent = company.users["agent"]
    queue("Vendas", [agent], distribution="round_robin")
    online(agent)
    say("Oi")
    with act("agent"):
        service.release(one("SELECT id FROM tickets")["id"])
    with acting(company.system):
        assert routing.distribute_waiting() == 0
    with clock.frozen(clock.now() + timedelta(minutes=11)), acting(company.system):
        presence.arrive(company.tenant_id, agent, "s")
        assert routing.distribute_waiting() == 1


def test_two_workers_distribute_without_passing_a_limit(app, company, queue, ticket, rows, online):
    ana = make_agent(company, "Ana", max_tickets=3).user_id
    sales = queue("Vendas", [ana], distribution="round_robin")
    for n in range(8):
        ticket(f"P{n}", queue_id=sales)
    online(ana)

    def work():
        with app.app_context(), acting(company.system):
            routing.distribute_waiting()
            release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows("SELECT id FROM tickets WHERE user_id = :id", id=ana)) == 3
