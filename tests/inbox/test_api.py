"""The inbox over `/api/v1`."""

import uuid

import pytest

from app.core.context import acting
from app.inbox import service
from app.inbox.service import presence


def test_the_list_has_the_promised_fields(api_client, ticket, number):
    waiting = ticket("José Ávila", "Quanto custa o pão?")
    page = api_client("agent").get("/tickets?status=pending").json
    assert page["total"] == 1
    (row,) = page["data"]
    assert row["id"] == str(waiting)
    assert row["contact"]["name"] == "José Ávila"
    assert row["contact"]["phone"].startswith("+55")
    assert row["last_message"]["text"] == "Quanto custa o pão?"
    assert row["last_message"]["direction"] == "inbound"
    assert {"type", "at"} <= set(row["last_message"])
    wanted = {"instance_id": str(number), "status": "pending", "mode": "human", "priority": "medium", "queue_id": None,
              "user_id": None, "unread_count": 1}  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted


def test_filters_narrow_and_search_ignores_accents(api_client, company, ticket, queue):
    sales = queue("Vendas")
    one = str(ticket("José Ávila", "Orçamento do pão", queue_id=sales, priority="high"))
    two = str(ticket("Bia", "Bom dia", status="open", user_id=company.users["agent"], unread_count=0))
    boss = api_client("manager")
    found = lambda query: [row["id"] for row in boss.get(f"/tickets?{query}").json["data"]]  # noqa: E731
    assert set(found("")) == {one, two}
    assert found(f"queue_id={sales}") == [one]
    assert found("q=avila") == [one]
    assert found("q=ORCAMENTO") == [one]
    assert found("search=bom dia") == [two]
    assert found("q=nada disso") == []
    assert found("status=open") == [two]
    assert found("unread=true") == [one]
    assert found("priority=high") == [one]
    assert found(f"user_id={company.users['agent']}") == [two]
    assert found("status=closed") == []
    phone = boss.get(f"/tickets/{one}").json["contact"]["phone"]
    assert found(f"q={phone[-8:]}") == [one]


def test_pages_go_on_by_cursor(api_client, ticket):
    made = {str(ticket(f"P{n}")) for n in range(5)}
    boss, seen, cursor = api_client("manager"), [], ""
    while True:
        page = boss.get(f"/tickets?limit=2&cursor={cursor}").json
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == 5
    assert set(seen) == made
    assert [row["id"] for row in boss.get("/tickets?limit=2&page=3").json["data"]] == seen[4:]


def test_a_conversation_from_takeover_to_reopening(api_client, company, ticket):
    waiting, agent = ticket(), api_client("agent")
    path = f"/tickets/{waiting}"
    assert agent.post(f"{path}/takeover").json["user_id"] == str(company.users["agent"])
    assert agent.patch(path, json={"priority": "urgent"}).json["priority"] == "urgent"
    note = agent.post(f"{path}/notes", json={"body": "cliente antigo"})
    assert (note.status_code, note.json["body"]) == (201, "cliente antigo")
    closed = agent.post(f"{path}/close", json={"ask_rating": False}).json
    assert (closed["status"], closed["closed_at"] is not None) == ("closed", True)
    assert agent.post(f"{path}/close").status_code == 409
    assert agent.post(f"{path}/reopen").json["status"] == "open"
    moved = agent.post(f"{path}/transfer", json={"user_id": str(company.users["manager"])})
    assert moved.json["user_id"] == str(company.users["manager"])
    assert agent.get(path).status_code == 404


def test_a_lost_race_is_a_conflict_that_names_the_winner(api_client, ticket, second_agent):
    waiting = ticket()
    with acting(second_agent):
        service.take(waiting)
    answer = api_client("agent").post(f"/tickets/{waiting}/takeover")
    assert answer.status_code == 409
    assert "Bruna Lima" in answer.json["detail"]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("developer", 403), ("agent", 404), ("manager", 200)])
def test_a_colleagues_conversation_by_role(api_client, second_agent, ticket, role, status):
    theirs, api = ticket(status="open", user_id=second_agent.user_id), api_client(role)
    assert api.get(f"/tickets/{theirs}").status_code == status
    assert api.post(f"/tickets/{theirs}/notes", json={"body": "x"}).status_code == (201 if status == 200 else status)
    assert api.get(f"/messages?ticket_id={theirs}").status_code in (200, 403)
    if status != 200 and role == "agent":
        assert api.get(f"/messages?ticket_id={theirs}").json["data"] == []


def test_stats_count_what_the_caller_sees(api_client, company, second_agent, ticket):
    ticket("A")
    ticket("B", status="open", user_id=company.users["agent"])
    ticket("C", status="open", user_id=second_agent.user_id, unread_count=0)
    mine = api_client("agent").get("/tickets/stats").json
    assert mine == {"mine": 1, "waiting": 1, "all": 2, "unread": 1, "mentions": 0, "pending": 1, "open": 1, "closed": 0}
    assert api_client("manager").get("/tickets/stats").json["all"] == 3


def test_queues_are_made_by_managers_and_seen_by_attendants(api_client, company):
    boss, agent = api_client("manager"), api_client("agent")
    body = {"name": "Vendas", "color": "green", "distribution": "least_busy", "member_ids": [str(company.users["agent"])],
            "hours": {"start": "08:00", "end": "18:00", "days": [1, 2, 3, 4, 5]}}  # fmt: skip
    made = boss.post("/queues", json=body)
    assert made.status_code == 201
    assert {name: made.json[name] for name in body} == body
    path = f"/queues/{made.json['id']}"
    assert agent.post("/queues", json={"name": "Minha"}).status_code == 403
    assert [row["name"] for row in agent.get("/queues").json["data"]] == ["Vendas"]
    assert boss.post("/queues", json={"name": "Vendas"}).status_code == 409
    assert boss.patch(path, json={"greeting": "Olá!", "member_ids": []}).json["member_ids"] == []
    assert boss.get(path).json["greeting"] == "Olá!"
    bad = boss.patch(path, json={"hours": {"start": "18:00", "end": "08:00"}, "color": "sujo"})
    assert {error["field"] for error in bad.json["errors"]} == {"hours", "color"}
    assert boss.patch(path, json={"member_ids": [str(company.users["viewer"])]}).status_code == 422
    assert boss.delete(path).status_code == 204
    assert boss.get(path).status_code == 404


def test_attendants_keep_quick_replies_of_their_own(api_client):
    boss, agent = api_client("manager"), api_client("agent")
    shared = boss.post("/quick-replies", json={"shortcut": "/pix", "content": "Chave: {empresa}"})
    assert (shared.status_code, shared.json["shortcut"]) == (201, "pix")
    assert agent.post("/quick-replies", json={"shortcut": "oi", "content": "Oi!"}).status_code == 403
    own = agent.post("/quick-replies", json={"shortcut": "oi", "content": "Oi, {nome}!", "is_own": True})
    assert own.status_code == 201
    assert {row["shortcut"] for row in agent.get("/quick-replies").json["data"]} == {"pix", "oi"}
    assert {row["shortcut"] for row in boss.get("/quick-replies").json["data"]} == {"pix"}
    assert boss.get(f"/quick-replies/{own.json['id']}").status_code == 404
    assert agent.patch(f"/quick-replies/{shared.json['id']}", json={"content": "x"}).status_code == 403
    assert agent.patch(f"/quick-replies/{own.json['id']}", json={"content": "Olá!"}).json["content"] == "Olá!"
    assert boss.post("/quick-replies", json={"shortcut": "pix", "content": "y"}).status_code == 409
    assert agent.delete(f"/quick-replies/{own.json['id']}").status_code == 204


def test_who_is_here(api_client, company):
    presence.arrive(company.tenant_id, company.users["agent"], "s1")
    presence.arrive(company.tenant_id, company.users["viewer"], "s2")
    found = api_client("manager").get("/users/online").json
    assert [(row["id"], row["status"]) for row in found["data"]] == [(str(company.users["agent"]), "online")]


def test_figures_of_everybody_and_ones_own(api_client, company, ticket, second_agent):
    with acting(company.actor("agent")):
        mine = ticket()
        service.take(mine)
        service.reply(mine, client_key="1", body="Oi")
    with acting(second_agent):
        theirs = ticket("Bia")
        service.take(theirs)
        service.reply(theirs, client_key="1", body="Oi")
        service.close(theirs, ask_rating=False)
    all_of_them = api_client("manager").get("/metrics/attendance").json
    assert (all_of_them["total"]["closed"], all_of_them["total"]["first_responses"], all_of_them["open_now"]) == (
        1,
        2,
        1,
    )
    assert len(all_of_them["by_day"]) == 7
    assert len(all_of_them["by_hour"]) == 24
    assert {row["name"] for row in all_of_them["by_user"]} == {"Agent", "Bruna Lima"}
    own = api_client("agent").get(f"/metrics/attendance?user_id={second_agent.user_id}").json
    assert own["total"]["closed"] == 0
    assert [row["name"] for row in own["by_user"]] == ["Agent"]
    overview = api_client("viewer").get("/metrics/overview").json
    assert (overview["attendance"]["closed"], overview["messages"]["sent"]) == (1, 0)
    assert api_client("agent").get("/metrics/overview").json["messages"] is None
    assert api_client("developer").get("/metrics/overview").status_code == 403


def test_what_does_not_exist_is_not_found(api_client):
    boss = api_client("admin")
    for path in ("/tickets", "/queues", "/quick-replies"):
        assert boss.get(f"{path}/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(("words", "found"), [("ma", 1), ("ri", 0), ("souza mar", 1), ("👍", 0), ("zz", 0), ("m", 1)])
def test_a_short_search_looks_at_how_names_begin_and_never_shows_everybody(api_client, ticket, words, found):
    ticket("Maria Souza")
    ticket("Caio Prado")
    assert api_client("manager").get("/tickets", query_string={"q": words}).json["total"] == found
