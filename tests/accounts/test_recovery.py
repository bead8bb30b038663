"""A forgotten password."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts import queries
from app.accounts.service import links
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import NotFound
from app.core.hashing import check_password
from tests.accounts.conftest import Mailbox
from tests.factories import PASSWORD

NEW = {"password": "girafa-azul-de-patins", "again": "girafa-azul-de-patins"}


def ask(client, email):
    return client.submit("/forgot", {"email": email})


def test_the_link_sets_a_new_password_and_ends_everything(client, client_for, api_client, company, mailbox: Mailbox):
    browser, program = client_for("agent"), api_client("agent")
    mailbox.collect()  # about the second device
    ask(client, company.emails["agent"])
    sent = mailbox.collect()
    assert [(row["to"], row["subject"]) for row in sent] == [(company.emails["agent"], "Crie uma senha nova no Recado")]
    path = mailbox.link("/reset/")
    assert company.emails["agent"] in client.get(path).get_data(as_text=True)
    assert client.submit(path, NEW).location == "/login"
    assert browser.get("/settings/profile").status_code == 302
    assert program.get("/auth/me").status_code == 401
    row = queries.find_sign_in(company.emails["agent"])
    assert check_password(NEW["password"], row.password_hash)
    assert [row["subject"] for row in mailbox.collect()] == ["A sua senha do Recado foi trocada"]


def test_a_link_works_once_and_only_the_newest(client, company, mailbox):
    ask(client, company.emails["agent"])
    mailbox.collect()
    first = mailbox.link("/reset/")
    ask(client, company.emails["agent"])
    mailbox.collect()
    second = mailbox.link("/reset/")
    assert client.get(first).status_code == 404
    assert client.submit(second, NEW).status_code == 303
    assert client.get(second).status_code == 404
    assert client.submit(second, NEW).status_code == 404


def test_a_link_is_too_old_after_an_hour(client, company, mailbox):
    ask(client, company.emails["agent"])
    mailbox.collect()
    path = mailbox.link("/reset/")
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE one_time_links SET expires_at = now()"))
        lives = session.scalar(text("SELECT expires_at - created_at FROM one_time_links"))
    assert client.get(path).status_code == 404
    assert lives < timedelta(hours=1)


def test_a_weak_password_says_why_and_spends_nothing(client, company, mailbox):
    ask(client, company.emails["agent"])
    mailbox.collect()
    path = mailbox.link("/reset/")
    answer = client.submit(path, {"password": "flamengo", "again": "flamengo"})
    assert answer.status_code == 422
    assert "fácil de adivinhar" in answer.get_data(as_text=True)
    assert client.submit(path, NEW).status_code == 303


def test_an_unknown_address_gets_the_same_answer_and_leaves_the_same_rows(client, company, mailbox, owner_engine):
    def rows():
        with owner_engine.connect() as connection:
            tables = ("mails", "one_time_links", "audit_logs", "facts")
            return [connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in tables]

    texts, added = [], []
    for email in (company.emails["agent"], "ninguem@exemplo.com.br"):
        before = rows()
        answer = ask(client, email)
        texts.append((answer.status_code, answer.get_data(as_text=True).replace(email, "X")))
        added.append([after - old for after, old in zip(rows(), before, strict=True)])
    strip = [(status, page.split("auth__card")[1]) for status, page in texts]
    assert strip[0] == strip[1]
    assert added[0] == added[1] == [1, 0, 0, 0]
    assert len(mailbox.collect()) == 1


@pytest.mark.parametrize("change", ["UPDATE users SET is_active = false", "UPDATE tenants SET is_active = false"])
def test_who_may_not_come_in_gets_no_link(client, company, mailbox, change):
    with acting(company.actor()), transaction() as session:
        session.execute(text(change))
    assert ask(client, company.emails["agent"]).status_code == 200
    assert mailbox.collect() == []


def test_the_link_of_somebody_deactivated_meanwhile_is_dead(client, company, mailbox):
    ask(client, company.emails["agent"])
    mailbox.collect()
    path = mailbox.link("/reset/")
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE users SET is_active = false"))
    assert client.submit(path, NEW).status_code == 404


def test_asking_without_end_brings_three_letters_an_hour(client, company, mailbox):
    codes = [ask(client, company.emails["agent"]).status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert len(mailbox.collect()) == 3


def test_the_secret_is_nowhere_but_in_the_letter(client, company, mailbox, owner_engine):
    ask(client, company.emails["agent"])
    mailbox.collect()
    secret = mailbox.link("/reset/").removeprefix("/reset/")
    with owner_engine.connect() as connection:
        for table in ("mails", "one_time_links", "audit_logs", "facts"):
            held = connection.scalar(text(f"SELECT string_agg(t::text, ' ') FROM {table} t")) or ""
            assert secret not in held
        assert connection.scalar(text("SELECT count(*) FROM mails WHERE status = 'sent' AND payload IS NOT NULL")) == 0


def test_the_pages_with_secrets_in_their_address_tell_nobody(client, company, mailbox):
    ask(client, company.emails["agent"])
    mailbox.collect()
    answer = client.get(mailbox.link("/reset/"))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]


def test_by_api(client, company, mailbox):
    asked = [
        client.post("/api/v1/auth/forgot-password", json={"email": email})
        for email in (company.emails["agent"], "ninguem@exemplo.com.br")
    ]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].json == asked[1].json
    mailbox.collect()
    token = mailbox.link("/reset/").removeprefix("/reset/")
    body = {"token": token, "password": "123"}
    refused = client.post("/api/v1/auth/reset-password", json=body)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "password")
    body["password"] = NEW["password"]
    assert client.post("/api/v1/auth/reset-password", json=body).status_code == 204
    assert client.post("/api/v1/auth/reset-password", json=body).status_code == 404
    answer = client.post("/api/v1/auth/login", json={"email": company.emails["agent"], "password": PASSWORD})
    assert answer.status_code == 401


def test_two_clicks_at_once_set_one_password(client, company, mailbox):
    """The row decides, not the look before it."""
    ask(client, company.emails["agent"])
    mailbox.collect()
    link = links.get(mailbox.link("/reset/").removeprefix("/reset/"), "reset")
    with acting(company.actor()):
        links.use(link.link_id)
        with pytest.raises(NotFound, match="já foi usado"):
            links.use(link.link_id)
