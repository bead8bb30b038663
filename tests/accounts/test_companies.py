"""Companies: registering, the operator's verbs, suspension, and what a company decides."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts import queries
from app.accounts.models import Tenant
from app.accounts.service import companies, tokens
from app.accounts.sockets import find_person
from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from tests.factories import PASSWORD

WANTED = {
    "company": "Café Central",
    "name": "Caio",
    "password": "girafa-azul-de-patins",
    "again": "girafa-azul-de-patins",
}


@pytest.fixture
def is_open(configured):
    configured(registration="open")


def test_registering_makes_a_company_once_the_address_is_proven(client, is_open, mailbox, unique):
    email = f"{unique('caio')}@exemplo.com.br"
    assert client.submit("/register", {**WANTED, "email": email}).status_code == 200
    assert queries.find_sign_in(email) is None
    mailbox.collect()
    path = mailbox.link("/register/")
    assert client.get(path).status_code == 200
    assert queries.find_sign_in(email) is None  # looking at a link makes nothing
    assert client.submit(path).location == "/login"
    row = queries.find_sign_in(email)
    person = queries.find_person(row.tenant_id, row.user_id)
    assert (person.role, person.tenant_name, person.name) == ("admin", "Café Central", "Caio")
    assert client.submit("/login", {"email": email, "password": WANTED["password"]}).location == "/"


def test_a_registration_works_once_and_for_a_day(client, is_open, mailbox, unique):
    client.submit("/register", {**WANTED, "email": f"{unique('caio')}@exemplo.com.br"})
    mailbox.collect()
    path = mailbox.link("/register/")
    with clock.frozen(clock.now() + timedelta(hours=25)):
        assert client.submit(path).status_code == 404
    assert client.submit(path).status_code == 303
    assert client.submit(path).status_code == 409
    assert client.submit(path[:-6] + "AAAAAA").status_code == 404


def test_a_known_address_gets_the_same_answer_and_another_letter(client, is_open, company, mailbox, unique):
    fresh, known = f"{unique('caio')}@exemplo.com.br", company.emails["agent"]
    pages = []
    for email in (fresh, known):
        answer = client.submit("/register", {**WANTED, "email": email})
        words = answer.get_data(as_text=True).replace(email, "X").split("auth__card")[1]
        pages.append((answer.status_code, re.sub(r"value=\S+", "", words)))  # CSRF tokens hold the second they are of
    assert pages[0] == pages[1]
    subjects = {row["to"]: row["subject"] for row in mailbox.collect()}
    assert subjects[known] == "Você já tem uma conta no Recado"
    assert subjects[fresh] == "Confirme o seu e-mail para começar no Recado"


def test_registration_is_closed_unless_opened(client):
    assert client.get("/register").status_code == 404
    assert client.submit("/register", {**WANTED, "email": "a@exemplo.com.br"}).status_code == 404
    body = {key: value for key, value in WANTED.items() if key != "again"}
    answer = client.post("/api/v1/auth/register", json={**body, "email": "a@exemplo.com.br"})
    assert answer.status_code == 404


def test_suspension_closes_every_door_and_says_why(app, client, client_for, api_client, company):
    browser, program = client_for("admin"), api_client("admin")
    with acting(company.actor()):
        secret = tokens.create_token("Loja").secret
    with browser.session_transaction() as cookie:
        socket = ("session", cookie["_user_id"])
    run = app.test_cli_runner().invoke
    done = run(args=["recado", "tenants", "suspend", str(company.tenant_id), "--reason", "fatura em atraso"])
    assert done.exit_code == 0, done.output
    assert browser.get("/settings/profile").status_code == 302
    assert program.get("/auth/me").status_code == 401
    assert client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert find_person(socket) is None
    told = client.submit("/login", {"email": company.emails["admin"], "password": PASSWORD})
    assert told.status_code == 401
    assert "fatura em atraso" in told.get_data(as_text=True)
    silent = client.submit("/login", {"email": company.emails["admin"], "password": "errada-123"})
    assert "suspensa" not in silent.get_data(as_text=True)
    api = client.post("/api/v1/auth/login", json={"email": company.emails["admin"], "password": PASSWORD})
    assert (api.status_code, api.json["code"]) == (401, "tenant_suspended")
    assert "suspended: fatura em atraso" in run(args=["recado", "tenants", "list"]).output
    assert run(args=["recado", "tenants", "resume", str(company.tenant_id)]).exit_code == 0
    assert client.submit("/login", {"email": company.emails["admin"], "password": PASSWORD}).status_code == 303


def test_the_operator_limits_a_company(app, company):
    run = app.test_cli_runner().invoke
    assert run(args=["recado", "tenants", "limit", str(company.tenant_id), "instances", "2"]).exit_code == 0
    with acting(company.actor()):
        assert queries.get_tenant(company.tenant_id).limit("instances") == 2
    unknown = run(args=["recado", "tenants", "suspend", "01900000-0000-7000-8000-000000000000"])
    assert unknown.exit_code == 1
    assert "não encontrada" in unknown.output


FORM = {"name": "Padaria Nova", "timezone": "America/Manaus", "locale": "en", "area_code": "92", "audit_days": "365"}


def test_a_company_keeps_its_settings(client_for, company, audited):
    hours = {"has_hours": "1", "start": "09:00", "end": "17:00", "days": ["1", "2"]}
    assert client_for("admin").submit("/settings/company", {**FORM, **hours}).status_code == 303
    with acting(company.actor()):
        tenant = queries.get_tenant(company.tenant_id)
        assert (tenant.name, tenant.timezone, tenant.area_code) == ("Padaria Nova", "America/Manaus", "92")
        assert tenant.settings["hours"] == {"start": "09:00", "end": "17:00", "days": [1, 2]}
    changes = audited("tenant.settings", company.tenant_id)[0].changes
    assert changes["timezone"] == ["America/Sao_Paulo", "America/Manaus"]


@pytest.mark.parametrize(
    "bad",
    [
        {"timezone": "Marte/Olimpo"},
        {"name": " "},
        {"area_code": "0x"},
        {"audit_days": "1"},
        {"audit_days": "99999999999"},
        {"has_hours": "1", "start": "25:00", "end": "17:00", "days": ["1"]},
        {"has_hours": "1", "start": "09:00", "end": "17:00"},
        {"has_hours": "1", "start": "09:00", "end": "17:00", "days": ["8"]},
    ],
)
def test_what_makes_no_sense_is_refused(client_for, company, bad):
    assert client_for("admin").submit("/settings/company", {**FORM, **bad}).status_code == 422
    with acting(company.actor()):
        assert queries.get_tenant(company.tenant_id).name == "Padaria do Zé"


def test_settings_of_one_home_leave_the_others_alone(client_for, company):
    with acting(company.actor()), transaction() as session:
        session.get(Tenant, company.tenant_id).settings = {"inbox": {"reopen_hours": 3}}
    client_for("admin").submit("/settings/company", FORM)
    client_for("admin").submit("/settings/company/safety", {"idle_minutes": "30", "required_roles": ["viewer"]})
    with acting(company.actor()):
        settings = queries.get_tenant(company.tenant_id).settings
    assert settings["inbox"] == {"reopen_hours": 3}
    assert settings["security"] == {"idle_minutes": 30, "required_roles": ["viewer"], "confirm": []}


def test_idle_people_are_signed_out_and_polling_is_no_activity(client_for, company):
    browser = client_for("agent")
    with acting(company.actor()), transaction() as session:
        session.get(Tenant, company.tenant_id).settings = {"security": {"idle_minutes": 10}}
    start = clock.now()
    with clock.frozen(start + timedelta(minutes=8)):
        assert browser.get("/settings/profile").status_code == 200
    with clock.frozen(start + timedelta(minutes=16)):
        assert browser.get("/settings/profile", headers={"X-Live": "1"}).status_code == 200
    with clock.frozen(start + timedelta(minutes=20)):
        assert browser.get("/settings/profile").status_code == 302


def test_companies_do_not_see_each_other(client_for, company, outsider, mailbox):
    theirs = outsider.users["agent"]
    browser = client_for("admin")
    assert browser.get(f"/settings/users/{theirs}").status_code == 404
    assert browser.submit(f"/settings/users/{theirs}/deactivate").status_code == 404
    assert outsider.emails["agent"] not in browser.get("/settings/users").get_data(as_text=True)
    with acting(outsider.actor()), transaction() as session:
        assert session.scalar(text("SELECT is_active FROM users WHERE id = :id"), {"id": theirs})


def test_the_list_of_all_companies_is_the_operators(company, outsider):
    lines = {line.id: line for line in queries.list_all_tenants()}
    assert {company.tenant_id, outsider.tenant_id} <= set(lines)
    companies.suspend(outsider.tenant_id, "x")
    assert outsider.tenant_id not in queries.list_tenants()
