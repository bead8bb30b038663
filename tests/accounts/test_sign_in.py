"""Signing in and out, in the browser."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.models import User, UserSession
from app.accounts.service.sessions import NO_TENANT
from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from tests.factories import PASSWORD


@pytest.fixture
def strict(app):
    """Five tries in fifteen minutes, as in production."""
    before = app.extensions["recado"]
    app.extensions["recado"] = replace(before, login_rate_limit="5 per 15 minutes")
    yield
    app.extensions["recado"] = before


def attempt(client, email, password=PASSWORD, **more):
    return client.submit("/login", {"email": email, "password": password, **more})


def audit_rows(owner_engine, tenant_id, action):
    sql = text("SELECT * FROM audit_logs WHERE tenant_id = :t AND action = :a")
    with owner_engine.connect() as connection:
        return connection.execute(sql, {"t": tenant_id, "a": action}).all()


def test_the_right_password_opens_a_session(client, company):
    answer = attempt(client, company.emails["agent"].upper())
    assert (answer.status_code, answer.location) == (303, "/")
    with acting(company.actor()), transaction() as session:
        row = session.query(UserSession).one()
        assert row.user_id == company.users["agent"]
        assert session.get(User, row.user_id).last_login_at is not None


def test_the_cookie_is_kept_from_scripts_and_holds_no_id(client, company):
    answer = attempt(client, company.emails["agent"])
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("recado="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert str(company.users["agent"]) not in cookie


def test_wrong_password_and_unknown_address_answer_alike(client, company, owner_engine):
    answers = [attempt(client, email, "errada-123") for email in (company.emails["agent"], "ninguem@exemplo.com.br")]
    assert [answer.status_code for answer in answers] == [401, 401]
    pages = [
        answer.get_data(as_text=True).replace(company.emails["agent"], "ninguem@exemplo.com.br") for answer in answers
    ]
    assert [page.count("não conferem") for page in pages] == [1, 1]
    assert len(audit_rows(owner_engine, company.tenant_id, "auth.failed")) == 1
    assert audit_rows(owner_engine, NO_TENANT, "auth.failed")


def test_a_deactivated_person_stays_outside(client, company):
    with acting(company.actor()), transaction() as session:
        session.get(User, company.users["agent"]).is_active = False
    assert attempt(client, company.emails["agent"]).status_code == 401


def test_a_suspended_company_stays_outside_and_its_open_sessions_end(client_for, client, company):
    browser = client_for("agent")
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE tenants SET is_active = false"))
    assert browser.get("/settings/profile").status_code == 302
    assert attempt(client, company.emails["admin"]).status_code == 401


def test_the_sixth_try_waits_even_with_the_right_password(client, company, strict):
    email = company.emails["agent"]
    assert [attempt(client, email, "errada-123").status_code for _ in range(5)] == [401] * 5
    answer = attempt(client, email)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_tries_from_one_address_are_counted_over_all_accounts(client, company, outsider, strict):
    for role in ("admin", "manager", "agent", "viewer", "developer"):
        assert attempt(client, company.emails[role], "errada-123").status_code == 401
    assert attempt(client, outsider.emails["admin"]).status_code == 429


def test_good_sign_ins_spend_nothing(app, company, strict):
    for _ in range(7):
        assert attempt(app.test_client(), company.emails["agent"]).status_code == 303


def test_without_redis_the_tries_are_still_counted(client, company, strict, without_redis):
    codes = [attempt(client, company.emails["viewer"], "errada-123").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


def test_signing_out_ends_the_session_on_the_server(client_for, app):
    browser = client_for("agent")
    stolen = browser.get_cookie("recado").value
    assert browser.submit("/logout").status_code == 303
    thief = app.test_client()
    thief.set_cookie("recado", stolen)
    assert thief.get("/settings/profile").location.startswith("/login")


def test_a_revoked_session_is_out_at_its_next_request(client_for, company):
    browser = client_for("agent")
    assert browser.get("/settings/profile").status_code == 200
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE sessions SET revoked_at = now()"))
    assert browser.get("/settings/profile").status_code == 302


def test_an_expired_session_is_out(client_for, company):
    browser = client_for("agent")
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE sessions SET expires_at = now()"))
    assert browser.get("/settings/profile").status_code == 302


def test_last_seen_moves_at_most_once_a_minute(client_for, company):
    browser = client_for("agent")

    def seen():
        with acting(company.actor()), transaction() as session:
            return session.scalar(text("SELECT last_seen_at FROM sessions"))

    first = seen()
    browser.get("/settings/profile")
    assert seen() == first
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        browser.get("/settings/profile")
    assert seen() > first


def test_signing_in_replaces_the_strangers_cookie(client, company):
    client.get("/login")
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
    attempt(client, company.emails["agent"])
    with client.session_transaction() as after:
        assert "planted" not in after


@pytest.mark.parametrize("target", ["https://mau.example", "//mau.example", "/\\mau.example", "javascript:alert(1)"])
def test_the_way_on_never_leads_elsewhere(client, company, target):
    assert attempt(client, company.emails["agent"], next=target).location == "/"


def test_the_way_on_leads_back_to_the_page_asked_for(client, company):
    asked = client.get("/settings/profile")
    assert asked.location == "/login?next=%2Fsettings%2Fprofile"
    assert attempt(client, company.emails["agent"], next="/settings/profile").location == "/settings/profile"


def test_a_form_without_its_csrf_token_is_refused(client, company):
    answer = client.post("/login", data={"email": company.emails["agent"], "password": PASSWORD})
    assert answer.status_code == 400


def test_the_page_is_whole(client):
    page = client.page("/login")
    assert page.select_one("form[action='/login'] input[type=password]")
    assert page.select_one("input[name=csrf_token]")["value"]


def test_files_that_caches_keep_never_carry_the_cookie(client_for, app):
    browser = client_for("agent")
    with app.test_request_context():
        path = app.jinja_env.globals["asset"]("css/app.css")
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_an_invented_forwarded_address_changes_nothing(client, company, strict):
    token = client.csrf_token()
    codes = []
    for n in range(6):
        fields = {"email": f"{n}@exemplo.com.br", "password": "errada-123", "csrf_token": token}
        codes.append(client.post("/login", data=fields, headers={"X-Forwarded-For": f"10.1.1.{n}"}).status_code)
    assert codes == [401] * 5 + [429]
