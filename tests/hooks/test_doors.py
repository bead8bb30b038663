"""The page and the API of webhooks."""

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from tests.hooks.receiver import receiver


@pytest.fixture
def made(api_client):
    """A webhook made through the API, and its whole answer."""
    with receiver() as site:
        body = {"url": site.url("/x"), "events": ["ticket.*", "ticket.created", "contact.created"]}
        yield api_client("developer").post("/webhooks", json=body).json


def test_made_through_the_api_the_secret_is_shown_once(api_client, made):
    api = api_client("developer")
    assert made["secret"].startswith("whsec_")
    assert (made["status"], made["last_called_at"], made["sees"]) == ("on", None, [])
    assert made["events"] == ["ticket.*", "contact.created"]
    assert made["retry_config"] == {"quick_tries": 3, "quick_gap_s": 5.0, "give_up_after_h": 24.0}
    shown = api.get(f"/webhooks/{made['id']}").json
    assert "secret" not in shown
    assert api.get("/webhooks").json["total"] == 1
    rotated = api.post(f"/webhooks/{made['id']}/rotate-secret", json={}).json
    assert rotated["secret"] != made["secret"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://10.0.0.1/"), ("url", "http://169.254.169.254/latest"), ("url", "ftp://x.com.br"), ("url", ""),
        ("url", "http://user:senha@exemplo.com.br/"), ("events", []), ("events", ["tudo"]), ("events", "ticket.*"),
        ("secret", "segredo"), ("retry_config", {"quick_tries": 0}), ("owner_id", "x"), ("sees", ["inbox.all"]),
        ("tenant_id", "x"), ("instance_id", "x"), ("description", "x" * 201),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(api_client, field, value):
    body = {"url": "http://127.0.0.1:9/", "events": ["ticket.*"], field: value}
    answer = api_client("admin").post("/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"].split(".")[0] == field


def test_changed_tested_and_followed(api_client, made):
    api = api_client("admin")
    changed = api.patch(
        f"/webhooks/{made['id']}", json={"description": "Loja", "retry_config": {"quick_tries": 5}}
    ).json
    assert (changed["description"], changed["retry_config"]["quick_tries"]) == ("Loja", 5)
    sent = api.post(f"/webhooks/{made['id']}/test")
    assert (sent.status_code, sent.json["status"], sent.json["event"]) == (202, "pending", "webhook.test")
    listed = api.get(f"/webhooks/{made['id']}/deliveries?status=pending").json
    assert [row["id"] for row in listed["data"]] == [sent.json["id"]]
    assert api.get(f"/webhooks/deliveries/{sent.json['id']}").json["tries"] == []
    assert api.post(f"/webhooks/deliveries/{sent.json['id']}/replay").status_code == 409
    assert api.delete(f"/webhooks/{made['id']}").status_code == 204
    assert api.get(f"/webhooks/{made['id']}").status_code == 404


def test_a_company_has_so_many_and_no_more(api_client):
    api = api_client("admin")
    body = {"url": "http://127.0.0.1:9/", "events": ["ticket.*"]}
    codes = [api.post("/webhooks", json=body).status_code for _ in range(21)]
    assert codes == [201] * 20 + [409]


@pytest.mark.parametrize("role", ["manager", "agent", "viewer"])
def test_others_see_nothing_of_it(api_client, client_for, role):
    assert api_client(role).get("/webhooks").status_code == 403
    assert client_for(role).get("/settings/webhooks").status_code == 403


def test_a_developer_does_not_read_what_an_admins_address_is_sent(company, api_client):
    admin, developer = api_client("admin"), api_client("developer")
    hook = admin.post("/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["contact.*"]}).json
    admin.post("/contacts", json={"name": "Ana", "phone": "+5511987650001"})
    with acting(company.actor()), transaction() as session:
        session.execute(text('UPDATE webhook_deliveries SET body = \'{"type": "Ana"}\''))
    path = f"/webhooks/{hook['id']}/deliveries"
    assert "Ana" in admin.get(path).json["data"][0]["request"]
    assert developer.get(path).json["data"][0]["request"] is None


def test_the_pages(company, client_for):
    browser = client_for("admin")
    assert "Nenhum webhook ainda" in browser.page("/settings/webhooks").get_text()
    browser.page("/settings/webhooks/new")
    bad = browser.submit("/settings/webhooks/new", {"url": "http://192.168.0.1/", "events": ["ticket.*"]})
    assert bad.status_code == 422
    assert "rede interna" in bad.get_data(as_text=True)
    made = browser.submit(
        "/settings/webhooks/new", {"url": "http://127.0.0.1:9/", "events": ["ticket.*"], "is_active": "y"}
    )
    assert made.status_code == 201
    assert "whsec_" in made.get_data(as_text=True)
    with acting(company.actor()), transaction() as session:
        hook = session.scalar(text("SELECT id FROM webhooks"))
    page = f"/settings/webhooks/{hook}"
    browser.page(f"{page}/edit")
    values = {"url": "http://127.0.0.1:9/", "events": ["contact.*"], "is_active": "y"}
    assert browser.submit(f"{page}/edit", values).status_code == 303
    tested = browser.submit(f"{page}/test")
    delivery = browser.page(tested.location)
    assert "webhook.test" in delivery.get_text()
    assert "contact.*" in browser.page(page).get_text()
    assert "whsec_" in browser.submit(f"{page}/rotate-secret").get_data(as_text=True)
    assert browser.submit(f"{page}/resume").status_code in (303, 409)
    assert browser.submit(f"{page}/replay").status_code == 303
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhooks SET paused_at = now(), paused_reason = 'dead'"))
        session.execute(text("UPDATE webhook_deliveries SET state = 'failed'"))
    assert "Retomar" in browser.page("/settings/webhooks").get_text()
    assert "127.0.0.1" in browser.page("/settings/dead-letters?kind=webhook").get_text()
    assert browser.submit(f"{page}/resume").status_code == 303
    assert browser.submit(f"{page}/delete").status_code == 303


def test_given_up_deliveries_are_dead_letters(company, api_client, made):
    api = api_client("admin")
    sent = api.post(f"/webhooks/{made['id']}/test").json["id"]
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET state = 'failed'"))
    letters = api.get("/dead-letters?kind=webhook").json
    assert [(row["id"], row["kind"]) for row in letters["data"]] == [(sent, "webhook")]
    assert api.post(f"/dead-letters/{sent}/replay", json={}).status_code == 202
    assert api.get("/dead-letters?kind=webhook").json["total"] == 0
