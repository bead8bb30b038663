"""From a customer's words to the right conversation: grades, reopening, menu, hours, distribution, the phone, groups."""

import random
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core import clock, ids
from app.core.context import acting
from app.core.db import release, transaction
from app.gateways.events import Content, MessageReceived
from app.inbox import queries, service
from app.inbox.service import presence, routing, silence
from app.instances.models import Instance
from app.webhooks import jobs as webhooks
from tests.gateways import payloads
from tests.inbox.conftest import make_agent

MARIA = "5511912345678@s.whatsapp.net"
ALWAYS_SHUT = {"start": "00:00", "end": "00:01", "days": [1]}


@pytest.fixture
def say(company, number):
    """`say("Oi")`: the customer writes; `say("Oi", from_me=True)`: somebody of ours, on the phone."""

    def make(words="Oi", *, jid=MARIA, at=None, from_me=False, kind="text", is_group=False, key=None, **more):
        return MessageReceived(
            channel="loja", external_id=key or uuid.uuid4().hex, jid=jid, phone=None, lid=None,
            push_name=None if from_me else "Maria Souza", from_me=from_me, source="android", is_group=is_group,
            content=Content(kind, words), quoted_id=None, at=at or clock.now(), **more)  # fmt: skip

    def arrive(*words, **more):
        events = [make(one, **more) if isinstance(one, str) else one for one in words]
        with acting(company.system):
            service.receive(number, events)

    arrive.make = make
    return arrive


@pytest.fixture
def settings(act):
    def save(**changes):
        with act("admin"):
            return service.save_settings(**changes)

    return save


@pytest.fixture
def online(company):
    return lambda *people: [presence.arrive(company.tenant_id, person, "s") for person in people]


def spoken(rows):
    return [r["body"] for r in rows("SELECT body FROM messages WHERE sender_type = 'system' ORDER BY thread_at, id")]


def closed_by(act, one, ticket_id, **how):
    with act("agent"):
        service.take(ticket_id)
        service.close(ticket_id, **how)


@pytest.mark.parametrize(("words", "grade"), [("5", 5), ("Nota 4!", 4), ("⭐⭐⭐", 3), ("1️⃣", 1), (" 2 estrelas ", 2)])
def test_a_grade_is_stored_and_opens_nothing(act, say, one, rows, words, grade):
    say("Oi")
    first = one("SELECT id FROM tickets")["id"]
    closed_by(act, one, first)
    say(words)
    row = one("SELECT id, status, rating, unread_count FROM tickets")
    assert (row["id"], row["status"], row["rating"], row["unread_count"]) == (first, "closed", grade, 0)
    assert one("SELECT sum(ratings) AS n, sum(rating_sum) AS s FROM attendance_daily") == {"n": 1, "s": grade}
    assert "Obrigado" in spoken(rows)[-1]
    say("4")
    assert one("SELECT rating FROM tickets")["rating"] == 4
    assert one("SELECT sum(ratings) AS n, sum(rating_sum) AS s FROM attendance_daily") == {"n": 1, "s": 4}


@pytest.mark.parametrize("words", ["5 caixas, por favor", "10", "0", "obrigada!"])
def test_what_is_no_grade_goes_on_with_the_conversation(act, company, say, one, words):
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"])
    say(words)
    row = one("SELECT status, user_id, rating, unread_count FROM tickets")
    assert (row["status"], row["user_id"], row["rating"], row["unread_count"]) == (
        "open",
        company.users["agent"],
        None,
        1,
    )


def test_without_a_question_a_five_is_just_a_word(act, say, one):
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"], ask_rating=False)
    say("5")
    assert one("SELECT status, rating FROM tickets") == {"status": "open", "rating": None}


def test_after_the_window_a_new_conversation_begins(act, say, one, rows, settings):
    settings(reopen_hours=2)
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"], ask_rating=False)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        say("Mais uma coisa")
    assert one("SELECT status FROM tickets")["status"] == "open"
    with act("agent"):
        service.close(one("SELECT id FROM tickets")["id"], ask_rating=False)
    with clock.frozen(clock.now() + timedelta(hours=3)):
        say("Outro assunto")
    assert sorted(row["status"] for row in rows("SELECT status FROM tickets")) == ["closed", "pending"]


def test_who_left_the_company_gets_nothing_back(act, company, say, one):
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"], ask_rating=False)
    with acting(company.system), transaction() as session:
        session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": company.users["agent"]})
    say("Ainda aí?")
    assert one("SELECT status, user_id FROM tickets") == {"status": "pending", "user_id": None}


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


def people(n):
    return f"55119{70000000 + n}@s.whatsapp.net"


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


def test_an_answer_on_the_phone_stops_the_bot_and_counts_as_the_first(company, say, one):
    say("Oi", at=clock.now() - timedelta(minutes=3))
    with acting(company.system), transaction() as session:
        session.execute(text("UPDATE tickets SET mode = 'bot'"))
    say("Já te atendo", from_me=True)
    row = one("SELECT mode, unread_count, first_response_at, status FROM tickets")
    assert (row["mode"], row["unread_count"], row["status"]) == ("human", 0, "pending")
    assert row["first_response_at"] is not None
    assert one("SELECT kind FROM ticket_events")["kind"] == "answered_on_phone"
    assert one("SELECT sum(first_responses) AS n FROM attendance_daily")["n"] == 1


def test_in_one_batch_only_what_came_after_our_word_is_unread(say, one):
    start = clock.now() - timedelta(minutes=1)
    later = lambda n: start + timedelta(seconds=10 * n)  # noqa: E731
    say(say.make("Oi", at=later(0)), say.make("Diga", at=later(1), from_me=True), say.make("Tem pão?", at=later(2)))
    assert one("SELECT unread_count FROM tickets")["unread_count"] == 1
    assert one("SELECT m.body FROM tickets t JOIN messages m ON m.id = t.last_message_id")["body"] == "Tem pão?"


def test_old_news_from_the_phone_does_not_read_what_is_new(say, one):
    say("Oi")
    say("ontem", from_me=True, at=clock.now() - timedelta(days=1))
    assert one("SELECT unread_count FROM tickets")["unread_count"] == 1
    assert one("SELECT m.body FROM tickets t JOIN messages m ON m.id = t.last_message_id")["body"] == "Oi"


def test_groups_stay_out_unless_they_are_wanted(say, one, rows, settings):
    say("Bom dia, grupo", jid="120363000000000001@g.us", is_group=True)
    assert rows("SELECT id FROM messages") == []
    settings(keep_groups=True)
    say("sair", jid="120363000000000001@g.us", is_group=True)
    row = one(
        "SELECT m.metadata, i.value, c.opted_out_at FROM messages m JOIN contact_identities i ON i.contact_id = m.contact_id JOIN contacts c ON c.id = m.contact_id"
    )
    assert row["metadata"]["author"]["name"] == "Maria Souza"
    assert row["value"] == "120363000000000001@g.us"
    assert row["opted_out_at"] is None


def test_silence_is_warned_of_and_then_closes(act, company, say, one, rows, settings):
    settings(auto_close_hours=4, auto_close_warning_minutes=30)
    now = clock.now()
    say("Oi")
    with act("agent"):
        service.reply(one("SELECT id FROM tickets")["id"], client_key="k", body="Diga!")
    say("Oi", jid=people(1))  # nobody answered this one: it is never closed
    steps = []
    for minutes in (60, 241, 250, 275):
        with clock.frozen(now + timedelta(minutes=minutes)), acting(company.system):
            steps.append((silence.close_silent(), sum("encerrar" in words for words in spoken(rows))))
    assert steps == [(0, 0), (0, 1), (0, 1), (1, 1)]
    assert sorted(row["status"] for row in rows("SELECT status FROM tickets")) == ["closed", "pending"]
    assert one("SELECT kind FROM ticket_events WHERE kind LIKE '%closed'")["kind"] == "auto_closed"


def test_a_word_after_the_warning_keeps_it_open(act, company, say, one, settings):
    settings(auto_close_hours=1, auto_close_warning_minutes=5)
    now = clock.now()
    say("Oi")
    with act("agent"):
        service.reply(one("SELECT id FROM tickets")["id"], client_key="k", body="Diga!")
    with clock.frozen(now + timedelta(minutes=61)), acting(company.system):
        silence.close_silent()
    with clock.frozen(now + timedelta(minutes=62)):
        say("Estou aqui!")
    with clock.frozen(now + timedelta(minutes=70)), acting(company.system):
        assert silence.close_silent() == 0
    assert one("SELECT status FROM tickets")["status"] == "open"


def test_a_close_and_a_word_at_the_same_moment_lose_nothing(app, act, company, number, say, one, rows):
    """Whichever comes first: every word is unread in an open conversation, never hidden in a closed one."""
    for n in range(6):
        jid = people(n)
        say("Oi", jid=jid)
        ticket_id = rows("SELECT id FROM tickets ORDER BY id DESC LIMIT 1")[0]["id"]
        with act("agent"):
            service.take(ticket_id)
            service.mark_read(ticket_id)
        gate = threading.Barrier(2)

        def shut(ticket_id=ticket_id, gate=gate):
            with app.app_context(), acting(company.actor("agent")):
                gate.wait()
                service.close(ticket_id, ask_rating=False)
                release()

        def speak(jid=jid, gate=gate):
            with app.app_context(), acting(company.system):
                event = say.make("espera!", jid=jid)
                gate.wait()
                service.receive(number, [event])
                release()

        threads = [threading.Thread(target=job) for job in (shut, speak)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = one("SELECT status, unread_count FROM tickets WHERE id = :id", id=ticket_id)
        closed_after = (
            rows("SELECT 1 FROM ticket_events WHERE ticket_id = :id AND kind = 'reopened'", id=ticket_id) == []
        )
        assert (row["status"], row["unread_count"]) == (("closed", 0) if closed_after else ("open", 1))


def test_a_storm_of_duplicates_out_of_order_ends_in_one_thread_each(app, company, number, rows, act):
    rng, now = random.Random(7), int(datetime.now(UTC).timestamp())
    bodies = [
        payloads.upsert({"conversation": f"{person}-{n}"}, key={"id": f"S{person}-{n}", "remoteJid": people(person)},
                        messageTimestamp=now - 100 + n, pushName=f"P{person}" + " " * copy)
        for person in range(5) for n in range(20) for copy in range(2)
    ]  # fmt: skip
    rng.shuffle(bodies)
    with acting(company.system), transaction() as session:
        for body in bodies:
            session.execute(
                text("SELECT store_inbound(:id, :t, :i, :raw)"),
                {"id": ids.new_id(), "t": company.tenant_id, "i": number, "raw": body},
            )

    def work():
        with app.app_context():
            webhooks.process()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    webhooks.process()
    tickets = rows("SELECT id, unread_count FROM tickets")
    assert [row["unread_count"] for row in tickets] == [20] * 5
    with act("manager"):
        for row in tickets:
            found = [item.message.body for item in queries.thread(row["id"], limit=100).items]
            person = found[0].split("-")[0]
            assert found == [f"{person}-{n}" for n in range(20)]
