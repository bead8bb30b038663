"""Who hears what: rooms after a check, ids only, presence that a crash can't leave behind."""

import contextlib
import contextvars
import random
from datetime import timedelta

import pytest
from flask_socketio import SocketIO

from app.accounts import sockets as accounts
from app.core import background, clock, realtime
from app.core.context import acting
from app.core.db import release
from app.core.errors import AppError
from app.core.permissions import can
from app.gateways.events import Content, MessageReceived
from app.inbox import queries, service, sockets
from app.inbox.service import presence
from tests.clients import IsolatedClient, sign_in
from tests.factories import Company


@pytest.fixture
def server(app, monkeypatch):
    made = SocketIO(app, async_mode="threading", manage_session=False)
    accounts.register(made, app)
    sockets.register(made, app)
    monkeypatch.setattr(realtime, "_server", made)
    yield made
    accounts._open.clear()
    app.extensions.pop("socketio")


@pytest.fixture
def listen(server, app, company):
    """A connected client of that role, in a context of its own."""

    def connect(role, who=None):
        browser: IsolatedClient = sign_in(app.test_client(), who or company, role)
        made = contextvars.Context().run(server.test_client, app, flask_test_client=browser)
        assert made.is_connected()
        made.get_received()
        return made

    return connect


@pytest.fixture
def bruna(company, second_agent, rows):
    """The second agent as a company of one, so that she can sign in."""
    email = rows("SELECT email FROM users WHERE id = :id", id=second_agent.user_id)[0]["email"]
    return Company(company.tenant_id, {"agent": second_agent.user_id}, {"agent": email})


def heard(listener, *names):
    return [m["args"][0] for m in listener.get_received() if not names or m["name"] in names]


def ask(listener, event, data):
    return contextvars.Context().run(listener.emit, event, data, callback=True)


def test_a_room_opens_only_to_who_may_see_the_conversation(listen, bruna, second_agent, ticket, outsider):
    theirs = str(ticket(status="open", user_id=second_agent.user_id))
    assert ask(listen("agent", bruna), "ticket:subscribe", {"ticket_id": theirs}) == {"ok": True}
    assert ask(listen("manager"), "ticket:subscribe", {"ticket_id": theirs}) == {"ok": True}
    assert ask(listen("agent"), "ticket:subscribe", {"ticket_id": theirs}) == {"ok": False, "error": "not_found"}
    assert ask(listen("viewer"), "ticket:subscribe", {"ticket_id": theirs}) == {"ok": False, "error": "forbidden"}
    assert ask(listen("admin", outsider), "ticket:subscribe", {"ticket_id": theirs})["ok"] is False


@pytest.mark.parametrize("data", [None, {}, {"ticket_id": 7}, {"ticket_id": "x"}, [], "x"])
def test_nonsense_is_answered_not_obeyed(listen, data):
    assert ask(listen("agent"), "ticket:subscribe", data) == {"ok": False, "error": "invalid"}


def test_a_colleagues_conversation_is_not_heard(act, listen, bruna, second_agent, ticket):
    theirs = ticket(status="open", user_id=second_agent.user_id)
    own, other, boss, viewer = listen("agent", bruna), listen("agent"), listen("manager"), listen("viewer")
    for one in (own, other, boss):
        one.get_received()  # who came after them
    with acting(second_agent):
        service.add_note(theirs, "segredo")
        service.reply(theirs, client_key="k", body="texto que ninguém pode ouvir")
        service.set_priority(theirs, "high")
    mine = own.get_received()
    assert {m["name"] for m in mine} == {"message:new", "ticket:update"}
    assert "segredo" not in str(mine)
    assert "ninguém pode ouvir" not in str(mine)
    assert len(heard(boss)) == len(mine)
    assert heard(other) == []
    assert heard(viewer) == []


def test_when_it_changes_hands_both_hear_and_the_room_empties(act, company, listen, bruna, second_agent, ticket):
    theirs = ticket(status="open", user_id=second_agent.user_id)
    before, after = listen("agent", bruna), listen("agent")
    ask(before, "ticket:subscribe", {"ticket_id": str(theirs)})
    with acting(second_agent):
        service.transfer(theirs, user_id=company.users["agent"])
    update = {"ticket_id": str(theirs), "change": "transferred"}
    assert heard(before, "ticket:update") == [update]
    assert heard(after, "ticket:update") == [update]
    with act("agent"):
        service.typing(theirs)
    assert heard(before, "ticket:typing") == []


def test_what_waits_is_heard_by_its_queue(act, listen, bruna, second_agent, ticket, queue):
    sales = queue("Vendas", members=[second_agent.user_id])
    inside, outside = listen("agent", bruna), listen("agent")
    waiting = ticket(queue_id=sales)
    with act("manager"):
        service.set_priority(waiting, "urgent")
    assert len(heard(inside, "ticket:update")) == 1
    assert heard(outside, "ticket:update") == []


def test_typing_is_seen_in_the_room_only_from_inside(listen, company, ticket):
    waiting = str(ticket())
    writer, reader, elsewhere = listen("agent"), listen("manager"), listen("admin")
    assert ask(writer, "ticket:typing", {"ticket_id": waiting})["ok"] is False
    for one in (writer, reader):
        ask(one, "ticket:subscribe", {"ticket_id": waiting})
    assert ask(writer, "ticket:typing", {"ticket_id": waiting}) == {"ok": True}
    assert heard(reader, "ticket:typing") == [{"ticket_id": waiting, "user_id": str(company.users["agent"])}]
    assert heard(elsewhere, "ticket:typing") == []
    ask(reader, "ticket:unsubscribe", {"ticket_id": waiting})
    ask(writer, "ticket:typing", {"ticket_id": waiting})
    assert heard(reader, "ticket:typing") == []


def test_presence_follows_the_sockets(act, company, listen):
    boss = listen("manager")
    first, second = listen("agent"), listen("agent")
    agent = company.users["agent"]
    assert heard(boss, "user:online") == [{"user_id": str(agent), "status": "online"}]
    assert ask(first, "user:status", {"status": "away"}) == {"ok": True}
    with act("manager"):
        assert service.list_presence()[agent] == "away"
    first.disconnect()
    with act("manager"):
        assert agent in service.list_presence()
    second.disconnect()
    with act("manager"):
        assert agent not in service.list_presence()
    assert heard(boss, "user:offline") == [{"user_id": str(agent), "status": "offline"}]


def test_a_crash_goes_offline_by_itself(act, company, listen):
    boss = listen("manager")
    agent = company.users["agent"]
    presence.arrive(company.tenant_id, agent, "of-a-process-that-dies")
    boss.get_received()
    with clock.frozen(clock.now() + timedelta(seconds=presence.ALIVE_SECONDS / 2)):
        sockets.beat_all()
    with clock.frozen(clock.now() + timedelta(seconds=presence.ALIVE_SECONDS + 5)):
        with act("manager"):
            assert set(service.list_presence()) == {company.users["manager"]}
        assert presence.sweep() == 1
        assert presence.sweep() == 0
    assert heard(boss, "user:offline") == [{"user_id": str(agent), "status": "offline"}]


def test_without_redis_nobody_counts_as_here_and_nothing_breaks(company, without_redis):
    presence.arrive(company.tenant_id, company.users["agent"], "x")
    presence.leave(company.tenant_id, company.users["agent"], "x")
    assert presence.online_ids(company.tenant_id) == set()


def test_who_comes_online_wakes_the_distribution(company):
    presence.arrive(company.tenant_id, company.users["agent"], "x")
    assert background.redis().llen("rq:queue:default") == 1


SECRETS = ("segredo-da-cliente", "Maria Sigilosa", "5511900000001")
FACTS = {
    "ticket_id",
    "message_id",
    "message_ids",
    "instance_id",
    "user_id",
    "status",
    "change",
    "queue_id",
    "mentions",
}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_nobody_hears_more_than_they_may_see(
    act, company, listen, bruna, second_agent, number, queue, outsider, rows, seed
):
    """Random work on conversations of several hands: each event is about one that its hearer may see, now or until
    this very change, and holds ids and small facts."""
    rng = random.Random(seed)
    mine, hers = company.users["agent"], second_agent.user_id
    queues = [queue("Vendas", members=[mine, hers]), queue("Suporte", members=[hers]), queue("Vazia")]
    hearers = {
        "agent": (company.actor("agent"), listen("agent")),
        "bruna": (second_agent, listen("agent", bruna)),
        "manager": (company.actor("manager"), listen("manager")),
        "viewer": (company.actor("viewer"), listen("viewer")),
        "developer": (company.actor("developer"), listen("developer")),
        "outsider": (outsider.actor("admin"), listen("admin", outsider)),
    }
    heard_of = 0
    for turn in range(30):
        before = {name: visible_to(actor, rows) for name, (actor, _listener) in hearers.items()}
        do_something(rng, company, second_agent, number, queues, rows, turn)
        for name, (actor, listener) in hearers.items():
            allowed = before[name] | visible_to(actor, rows)
            for event in listener.get_received():
                said = event["args"][0]
                if "ticket_id" in said:
                    assert said["ticket_id"] in allowed, (name, event)
                    heard_of += 1
                assert set(said) <= FACTS, event
                assert not any(secret in str(event) for secret in SECRETS), event
    assert heard_of > 30


def visible_to(actor, rows):
    if not can(actor, "inbox.use"):
        return set()
    everyone = [row["id"] for row in rows("SELECT id FROM tickets")]
    with acting(actor):
        found = {str(one) for one in everyone if queries.may_see(one)}
    release()
    return found


def do_something(rng, company, second_agent, number, queues, rows, turn):
    """One verb by somebody who may, or who learns that they may not."""
    tickets = [row["id"] for row in rows("SELECT id FROM tickets ORDER BY id")]
    if not tickets or rng.random() < 0.25:
        customer_writes(company, number, rng.randrange(4), turn)
        return
    one = rng.choice(tickets)
    verbs = [
        lambda: service.take(one),
        lambda: service.release(one),
        lambda: service.transfer(one, queue_id=rng.choice(queues)),
        lambda: service.transfer(one, user_id=rng.choice([company.users["agent"], second_agent.user_id])),
        lambda: service.close(one),
        lambda: service.reopen(one),
        lambda: service.add_note(one, f"Maria Sigilosa, segredo-da-cliente {turn}"),
        lambda: service.reply(one, client_key=f"k{turn}", body=f"segredo-da-cliente {turn}"),
        lambda: service.set_priority(one, rng.choice(["low", "high"])),
        lambda: service.mark_read(one),
    ]
    with acting(rng.choice([company.actor("agent"), second_agent, company.actor("manager")])):
        with contextlib.suppress(AppError):
            rng.choice(verbs)()
    release()


def customer_writes(company, number, person, turn):
    event = MessageReceived(
        channel="loja", external_id=f"T{turn}", jid=f"551190000000{person}@s.whatsapp.net", phone=None, lid=None,
        push_name="Maria Sigilosa", from_me=False, source="android", is_group=False,
        content=Content("text", f"segredo-da-cliente {turn}"), quoted_id=None, at=clock.now(),
    )  # fmt: skip
    with acting(company.system):
        service.receive(number, [event])
    release()
