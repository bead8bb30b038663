"""`/api/v1/tokens`, and what was done with a token."""

import pytest
from sqlalchemy import text

from app.accounts.service import tokens
from app.core.context import acting
from app.core.db import transaction
from tests.clients import ApiClient
from tests.factories import make_instance


@pytest.fixture
def by_token(app, company):
    """`by_token("admin", scopes=[…])`: a client that signs its calls with a new API token."""

    def make(role="admin", **options):
        with acting(company.actor(role)):
            made = tokens.create_token("Loja", **options)
            return made.row.id, ApiClient(app.test_client(), made.secret)

    return make


def test_made_listed_used_and_revoked(api_client, app):
    api = api_client("developer")
    made = api.post("/tokens", json={"name": "Loja", "scopes": ["instances.see"], "expires_in_days": 30})
    assert made.status_code == 201, made.json
    client = ApiClient(app.test_client(), made.json["token"])
    assert client.get("/auth/me").json["permissions"] == ["instances.see"]
    listed = api.get("/tokens").json
    assert [row["id"] for row in listed["data"]] == [made.json["id"]]
    assert made.json["token"].startswith(listed["data"][0]["prefix"])
    assert "token" not in listed["data"][0]
    assert api.delete(f"/tokens/{made.json['id']}").status_code == 204
    assert client.get("/auth/me").status_code == 401
    assert api.get("/tokens").json["data"] == []
    assert api.delete(f"/tokens/{made.json['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "Loja", "scopes": ["voar"]}, "scopes"),
        ({"name": "Loja", "scopes": ["users.manage"]}, "scopes"),
        ({"name": "Loja", "expires_in_days": 0}, "expires_in_days"),
        ({"name": "Loja", "user_id": "x"}, "user_id"),
    ],
)
def test_a_wrong_field_is_named(api_client, body, field):
    answer = api_client("developer").post("/tokens", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize("role", ["manager", "agent", "viewer"])
def test_only_who_manages_tokens(api_client, role):
    api = api_client(role)
    assert api.get("/tokens").status_code == 403
    assert api.post("/tokens", json={"name": "Loja"}).status_code == 403


def test_a_token_makes_no_other(by_token):
    """One that leaked would outlive its own end, and one with few rights would make one with all of them."""
    _id, api = by_token("admin", scopes=["tokens.manage"])
    assert api.post("/tokens", json={"name": "Outro"}).status_code == 403
    assert api.get("/tokens").status_code == 200


def test_pages_have_a_cursor(api_client):
    api = api_client("developer")
    for number in range(3):
        api.post("/tokens", json={"name": f"Loja {number}"})
    first = api.get("/tokens?limit=2").json
    second = api.get(f"/tokens?limit=2&cursor={first['next_cursor']}").json
    assert [row["name"] for row in first["data"] + second["data"]] == ["Loja 2", "Loja 1", "Loja 0"]
    assert second["next_cursor"] is None


def test_what_a_token_did_is_traced_to_it(by_token, api_client, client_for):
    token_id, api = by_token("admin")
    api.post("/tags", json={"name": "Ouro"})
    (row,) = api_client().get(f"/logs?token_id={token_id}").json["data"]
    assert (row["action"], row["token_id"]) == ("tag.create", str(token_id))
    page = client_for("admin").get("/settings/audit").get_data(as_text=True)
    assert "Loja" in page


def test_a_message_says_which_token_sent_it(by_token, api_client, company):
    with acting(company.actor()):
        instance_id = make_instance().id
    token_id, api = by_token("admin")
    body = {"instance_id": str(instance_id), "recipient": "+5511987650042", "message": {"content": "Oi"}}
    sent = api.post("/messages", json=body)
    assert sent.status_code == 202, sent.json
    assert api.get(f"/messages/{sent.json['id']}").json["token_id"] == str(token_id)
    by_person = api_client().post("/messages", json=body)
    assert api.get(f"/messages/{by_person.json['id']}").json["token_id"] is None
    with acting(company.actor()), transaction() as session:
        query = text("SELECT user_id FROM messages WHERE id = :id")
        assert session.scalar(query, {"id": sent.json["id"]}) == company.users["admin"]
