"""Two-step verification: setting up, signing in, recovery codes, what a company may demand."""

import re
from datetime import timedelta

import pyotp
import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from app.accounts.models import Tenant, User
from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from tests.accounts.conftest import SECRET, code_at
from tests.clients import sign_in
from tests.factories import PASSWORD


def enter(client, company, role="agent", **more):
    return client.submit("/login", {"email": company.emails[role], "password": PASSWORD, **more})


def demand(company, **security):
    with acting(company.actor()), transaction() as session:
        tenant = session.get(Tenant, company.tenant_id)
        tenant.settings = {**tenant.settings, "security": security}


def set_up(browser):
    """The secret from the page, proven; the recovery codes it answers with."""
    page = browser.page("/settings/security/second-factor")
    found = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.get_text())[0].replace(" ", "")
    answer = browser.submit("/settings/security/second-factor", {"code": pyotp.TOTP(found).at(clock.now())})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    words = BeautifulSoup(answer.get_data(as_text=True), "html.parser").select_one("main code").get_text()
    return found, words.split()


def test_setting_up_gives_ten_codes_and_asks_from_then_on(client_for, client, company, mailbox):
    secret, codes = set_up(client_for("agent"))
    assert len(set(codes)) == 10
    assert "Verificação em duas etapas ligada" in [row["subject"] for row in mailbox.collect()]
    asked = enter(client, company)
    assert asked.location.startswith("/login/code")
    assert client.get("/settings/profile").status_code == 302  # half a sign-in opens nothing
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        let_in = client.submit("/login/code", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert let_in.location == "/"
    assert client.get("/settings/profile").status_code == 200


def test_a_wrong_first_code_switches_nothing_on(client_for, company):
    browser = client_for("agent")
    browser.page("/settings/security/second-factor")
    assert browser.submit("/settings/security/second-factor", {"code": "000000"}).status_code == 422
    with acting(company.actor()), transaction() as session:
        assert session.get(User, company.users["agent"]).totp_secret is None


def test_the_secret_is_sealed(client_for, owner_engine, company):
    secret, codes = set_up(client_for("agent"))
    with owner_engine.connect() as connection:
        row = connection.scalar(text("SELECT u::text FROM users u WHERE id = :id"), {"id": company.users["agent"]})
        logs = connection.scalar(text("SELECT string_agg(a::text, '') FROM audit_logs a"))
    for kept in (secret, *codes):
        assert kept.encode().hex() not in row
        assert kept not in logs


def test_a_code_serves_once(app, company, with_totp):
    with_totp("agent")
    code, answers = code_at(), []
    for _ in range(2):
        browser = app.test_client()
        enter(browser, company)
        answers.append(browser.submit("/login/code", {"code": code}).status_code)
    assert answers == [303, 401]


@pytest.mark.parametrize(("steps", "status"), [(-1, 303), (0, 303), (1, 303), (-3, 401), (3, 401)])
def test_clocks_may_differ_by_half_a_minute(client, company, with_totp, steps, status):
    with_totp("agent")
    with clock.frozen(clock.now()):
        enter(client, company)
        assert client.submit("/login/code", {"code": code_at(steps)}).status_code == status


def test_a_recovery_code_serves_once(client_for, app, company):
    _secret, codes = set_up(client_for("agent"))
    answers = []
    for _ in range(2):
        browser = app.test_client()
        enter(browser, company)
        answers.append(browser.submit("/login/code", {"code": codes[0].upper().replace("-", " ")}).status_code)
    assert answers == [303, 401]


def test_codes_are_not_guessed(client, company, with_totp, audited):
    with_totp("agent")
    enter(client, company)
    statuses = [client.submit("/login/code", {"code": "000000"}).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert client.submit("/login/code", {"code": code_at()}).status_code == 429
    assert len(audited("auth.failed_code", company.tenant_id)) == 5


def test_half_a_sign_in_grows_cold(client, company, with_totp):
    with_totp("agent")
    enter(client, company)
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert client.submit("/login/code", {"code": code_at()}).location == "/login"


def test_the_way_on_survives_the_second_step_and_leads_nowhere_else(client, company, with_totp):
    with_totp("agent")
    asked = enter(client, company, next="https://mau.example")
    assert asked.location == "/login/code?next=/"
    answer = client.submit("/login/code", {"code": code_at(), "next": "//mau.example/x"})
    assert answer.location == "/"


def test_the_api_asks_for_the_code_too(client, company, with_totp):
    with_totp("agent")
    body = {"email": company.emails["agent"], "password": PASSWORD}
    asked = client.post("/api/v1/auth/login", json=body)
    assert (asked.status_code, asked.json["code"]) == (401, "second_factor_required")
    wrong = client.post("/api/v1/auth/login", json={**body, "otp": "000000"})
    assert (wrong.status_code, wrong.json["code"]) == (401, "second_factor_wrong")
    right = client.post("/api/v1/auth/login", json={**body, "otp": code_at()})
    assert right.status_code == 200
    unknown = client.post("/api/v1/auth/login", json={**body, "password": "errada-123", "otp": code_at()})
    assert unknown.json["code"] == "unauthorized"  # whether there is a second factor, the password tells


def test_a_demanded_second_factor_comes_first(client, company, api_client):
    demand(company, required_roles=["agent"])
    enter(client, company)
    assert client.get("/inbox").location == "/settings/security/second-factor"
    assert client.get("/settings/security/second-factor").status_code == 200
    body = {"email": company.emails["agent"], "password": PASSWORD}
    refused = client.post("/api/v1/auth/login", json=body)
    assert (refused.status_code, refused.json["code"]) == (403, "second_factor_setup_required")
    set_up(client)
    assert client.get("/inbox").status_code == 200
    assert api_client("admin").get("/auth/me").status_code == 200


def test_a_new_demand_reaches_programs_when_they_renew(client, company):
    body = {"email": company.emails["agent"], "password": PASSWORD}
    pair = client.post("/api/v1/auth/login", json=body).json
    demand(company, required_roles=["agent"])
    refused = client.post("/api/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert (refused.status_code, refused.json["code"]) == (403, "second_factor_setup_required")


def test_what_the_role_needs_can_not_be_switched_off(client_for, company):
    browser = client_for("agent")
    _secret, codes = set_up(browser)
    demand(company, required_roles=["agent"])
    browser.submit("/settings/security/second-factor/off", {"code": codes[0]})
    with acting(company.actor()), transaction() as session:
        assert session.get(User, company.users["agent"]).totp_secret is not None


def test_switching_off_takes_a_code_and_is_told(client_for, company, mailbox):
    browser = client_for("agent")
    _secret, codes = set_up(browser)
    mailbox.collect()
    browser.submit("/settings/security/second-factor/off", {"code": "00000"})
    assert mailbox.collect() == []
    browser.submit("/settings/security/second-factor/off", {"code": codes[0]})
    assert [row["subject"] for row in mailbox.collect()] == ["Verificação em duas etapas desligada"]


def test_new_recovery_codes_replace_the_old_ones(client_for, app, company):
    browser = client_for("agent")
    _secret, codes = set_up(browser)
    answer = browser.submit("/settings/security/second-factor/codes", {"code": codes[0]})
    assert answer.status_code == 200
    other = app.test_client()
    enter(other, company)
    assert other.submit("/login/code", {"code": codes[1]}).status_code == 401


SENSITIVE = [
    ("tokens", "/settings/tokens", {"name": "Loja", "days": "30"}),
    ("export", "/settings/audit/exports", {}),
    ("export", "/contacts/exports", {"format": "csv"}),
]


@pytest.mark.parametrize(("action", "path", "fields"), SENSITIVE)
def test_sensitive_actions_ask_again_and_then_work(app, company, with_totp, action, path, fields):
    with_totp("admin")
    browser = app.test_client()
    enter(browser, company, "admin")
    browser.submit("/login/code", {"code": code_at()})
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE sessions SET confirmed_at = now() - interval '11 minutes'"))
    demand(company, confirm=[action])
    assert browser.submit(path, fields).location.startswith("/confirm")
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        assert (
            browser.submit("/confirm", {"code": code_at(), "next": "/settings/tokens"}).location == "/settings/tokens"
        )
    assert browser.submit(path, fields).status_code in (201, 303)


def test_who_has_no_second_factor_is_led_to_it(client_for, company):
    demand(company, confirm=["tokens"])
    browser = client_for("admin")
    asked = browser.submit("/settings/tokens", {"name": "Loja", "days": "30"})
    assert browser.get(asked.location).location == "/settings/security/second-factor"


def test_the_api_wants_a_fresh_code_for_sensitive_calls(client, company, with_totp):
    with_totp("admin")
    demand(company, confirm=["export"])
    body = {"email": company.emails["admin"], "password": PASSWORD, "otp": code_at()}
    pair = client.post("/api/v1/auth/login", json=body).json
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/api/v1/contacts/export?format=csv&wait=0", headers=bearer).status_code < 400
    renewed = client.post("/api/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]}).json
    bearer = {"Authorization": f"Bearer {renewed['access_token']}"}
    refused = client.get("/api/v1/contacts/export?format=csv", headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (403, "confirmation_required")


def test_an_admin_helps_somebody_who_lost_the_phone(app, client_for, company, with_totp, mailbox):
    with_totp("agent")
    sign_in(app.test_client(), company, "admin")
    client_for("admin").submit(f"/settings/users/{company.users['agent']}/second-factor/off")
    assert enter(app.test_client(), company).location == "/"
    assert SECRET
