"""`/api/v1/users`."""

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from tests.factories import PASSWORD

NEW = {"name": "Bia", "role": "agent"}


def test_with_a_password_a_person_signs_in_at_once(api_client, client, unique):
    email = f"{unique('bia')}@exemplo.com.br"
    made = api_client().post("/users", json={**NEW, "email": email, "password": "girafa-azul-de-patins"})
    assert made.status_code == 201
    assert (made.json["is_invited"], made.json["invitation_link"]) == (False, None)
    answer = client.post("/api/v1/auth/login", json={"email": email, "password": "girafa-azul-de-patins"})
    assert answer.json["user"]["role"] == "agent"


def test_without_one_an_invitation_goes_out(api_client, client, mailbox, unique):
    email = f"{unique('bia')}@exemplo.com.br"
    made = api_client().post("/users", json={**NEW, "email": email})
    assert (made.status_code, made.json["is_invited"], made.json["invitation_link"]) == (201, True, None)
    assert [row["to"] for row in mailbox.collect() if "convidou" in row["subject"]] == [email]


def test_without_a_mail_server_the_link_is_in_the_answer(api_client, unique):
    made = api_client().post("/users", json={**NEW, "email": f"{unique('bia')}@exemplo.com.br"})
    assert "/invite/" in made.json["invitation_link"]


def test_people_are_found_changed_and_deactivated(api_client, company):
    api, agent = api_client(), company.users["agent"]
    found = api.get(f"/users?search={company.emails['agent'][:30]}&role=agent&is_active=true").json
    assert [row["id"] for row in found["data"]] == [str(agent)]
    changed = api.patch(f"/users/{agent}", json={"name": "Bia", "max_tickets": 3, "permissions": ["audit.see"]})
    assert (changed.json["name"], changed.json["max_tickets"], changed.json["permissions"]) == ("Bia", 3, ["audit.see"])
    assert api.patch(f"/users/{agent}", json={"max_tickets": None}).json["max_tickets"] is None
    assert api.delete(f"/users/{agent}").status_code == 204
    assert api.get(f"/users/{agent}").json["is_active"] is False
    assert api.patch(f"/users/{agent}", json={"is_active": True}).json["is_active"] is True


def test_pages_have_a_cursor(api_client):
    first = api_client().get("/users?limit=2").json
    second = api_client().get(f"/users?limit=2&cursor={first['next_cursor']}").json
    assert (first["total"], first["total_pages"]) == (5, 3)
    assert not {row["id"] for row in first["data"]} & {row["id"] for row in second["data"]}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({**NEW, "email": "torto"}, 422, "email"),
        ({**NEW, "email": "a@exemplo.com.br", "role": "rei"}, 422, "role"),
        ({**NEW, "email": "a@exemplo.com.br", "password": "12345678"}, 422, "password"),
        ({**NEW, "email": "a@exemplo.com.br", "tenant_id": "x"}, 422, "tenant_id"),
        ({**NEW, "email": "a@exemplo.com.br", "permissions": ["voar"]}, 422, "permissions"),
    ],
)
def test_what_will_not_do_says_which_field(api_client, body, status, field):
    answer = api_client().post("/users", json=body)
    assert answer.status_code == status
    assert field in [row["field"] for row in answer.json["errors"]]


def test_nothing_secret_is_told(api_client, company, with_totp):
    with_totp("agent")
    told = api_client().get(f"/users/{company.users['agent']}").get_data(as_text=True)
    assert "totp" not in told
    assert "$2b$" not in told
    assert '"has_second_factor":true' in told.replace(" ", "")


@pytest.mark.parametrize("role", ["manager", "agent", "viewer", "developer"])
def test_only_admins(api_client, company, role):
    api = api_client(role)
    assert api.get("/users").status_code == 403
    assert api.post("/users", json={**NEW, "email": "a@exemplo.com.br"}).status_code == 403
    assert api.patch(f"/users/{company.users['agent']}", json={"name": "x"}).status_code == 403
    assert api.delete(f"/users/{company.users['agent']}").status_code == 403


def test_a_company_that_confirms_roles_wants_a_fresh_code(api_client, company):
    api = api_client()
    with acting(company.actor()), transaction() as session:
        session.execute(text('UPDATE tenants SET settings = \'{"security": {"confirm": ["roles"]}}\''))
    refused = api.patch(f"/users/{company.users['agent']}", json={"role": "viewer"})
    assert (refused.status_code, refused.json["code"]) == (403, "confirmation_required")
    assert api.patch(f"/users/{company.users['agent']}", json={"name": "Bia"}).status_code == 200
    assert PASSWORD
