"""One's own settings and the company's API tokens, as pages."""

import re

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from tests.factories import PASSWORD


def test_name_and_language_are_saved_and_audited(client_for, company):
    browser = client_for("agent")
    assert browser.submit("/settings/profile", {"name": "Bia", "locale": "en"}).status_code == 303
    page = browser.page("/settings/profile")
    assert page.html["lang"] == "en"
    assert page.select_one("input[name=name]")["value"] == "Bia"
    with acting(company.actor()), transaction() as session:
        changes = session.scalar(text("SELECT changes FROM audit_logs WHERE action = 'user.settings'"))
    assert changes == {"name": ["Agent", "Bia"], "locale": ["pt_BR", "en"]}


def test_language_and_theme_of_the_menu_follow_the_person(client_for, company):
    browser = client_for("agent")
    browser.submit("/ui/language", {"locale": "en"})
    browser.submit("/ui/theme", {"theme": "dark"})
    with acting(company.actor()), transaction() as session:
        row = session.execute(text("SELECT locale, theme FROM users WHERE role = 'agent'")).one()
    assert tuple(row) == ("en", "dark")
    elsewhere = client_for("agent")
    assert elsewhere.get_cookie("recado_theme").value == "dark"


def test_changing_the_password_ends_the_other_sessions(client_for, api_client, company):
    here, there, program = client_for("agent"), client_for("agent"), api_client("agent")
    fields = {"current": PASSWORD, "new": "outra-senha-boa", "again": "outra-senha-boa"}
    assert here.submit("/settings/profile/password", fields).status_code == 303
    assert here.get("/settings/profile").status_code == 200
    assert there.get("/settings/profile").status_code == 302
    assert program.get("/auth/me").status_code == 401


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"current": "errada-123", "new": "outra-senha-boa", "again": "outra-senha-boa"}, "não confere"),
        ({"current": PASSWORD, "new": "curta", "again": "curta"}, "pelo menos 8"),
        ({"current": PASSWORD, "new": "outra-senha-boa", "again": "diferente-1"}, "não são iguais"),
        ({"current": PASSWORD, "new": "á" * 40, "again": "á" * 40}, "comprida demais"),
    ],
)
def test_a_bad_new_password_says_why(client_for, fields, words):
    answer = client_for("agent").submit("/settings/profile/password", fields)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_signing_out_the_other_devices(client_for):
    here, there = client_for("agent"), client_for("agent")
    here.submit("/settings/profile/sessions")
    assert (here.get("/settings/profile").status_code, there.get("/settings/profile").status_code) == (200, 302)


def test_a_token_is_shown_once_and_works(client_for, client):
    browser = client_for("developer")
    answer = browser.submit("/settings/tokens", {"name": "Loja", "days": "90"})
    assert answer.status_code == 201
    secret = re.search(r"rcd_[\w-]{40,}", answer.get_data(as_text=True)).group()
    me = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"})
    assert me.json["role"] == "developer"
    page = browser.page("/settings/tokens")
    assert secret not in str(page)
    browser.submit(page.select_one("form[action$='/revoke']")["action"])
    assert client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize("role", ["manager", "agent", "viewer"])
def test_tokens_are_for_admins_and_developers(client_for, role):
    browser = client_for(role)
    assert browser.get("/settings/tokens").status_code == 403
    assert browser.submit("/settings/tokens", {"name": "x", "days": "90"}).status_code == 403


def test_another_companys_token_can_not_be_revoked(client_for, outsider, company):
    client_for("admin").submit("/settings/tokens", {"name": "Loja", "days": "0"})
    with acting(company.actor()), transaction() as session:
        token_id = session.scalar(text("SELECT id FROM api_tokens"))
    assert client_for("admin", outsider).submit(f"/settings/tokens/{token_id}/revoke").status_code == 404
