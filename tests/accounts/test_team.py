"""Inviting, changing and deactivating people."""

import contextvars
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.accounts.models import User
from app.accounts.service import companies, invitations, team, tokens
from app.accounts.sockets import find_person
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden
from tests.factories import PASSWORD, make_company

CHOSEN = {"name": "Bia Lima", "password": "girafa-azul-de-patins", "again": "girafa-azul-de-patins"}


def users_page(company, role):
    return f"/settings/users/{company.users[role]}"


def test_invited_accepted_signed_in(client_for, client, company, mailbox, unique):
    email = f"{unique('bia')}@exemplo.com.br"
    made = client_for("admin").submit("/settings/users", {"email": email.upper(), "name": "", "role": "manager"})
    assert made.status_code == 303
    letter = mailbox.collect()[-1]
    assert (letter["to"], letter["subject"]) == (email, "Admin convidou você para o Recado")
    path = mailbox.link("/invite/")
    assert "Padaria do Zé" in client.get(path).get_data(as_text=True)
    assert client.submit(path, CHOSEN).location == "/login"
    assert client.submit("/login", {"email": email, "password": CHOSEN["password"]}).location == "/"
    assert client.submit(path, CHOSEN).status_code == 404
    with acting(company.actor()), transaction() as session:
        row = session.execute(text("SELECT name, role FROM users WHERE email = :e"), {"e": email}).one()
    assert tuple(row) == ("Bia Lima", "manager")


def test_an_invited_person_has_no_password_to_guess(client, company, mailbox, unique):
    email = f"{unique('bia')}@exemplo.com.br"
    with acting(company.actor()):
        invitations.invite(email, "Bia", "agent")
    assert client.submit("/login", {"email": email, "password": ""}).status_code == 422
    assert client.submit("/login", {"email": email, "password": "None"}).status_code == 401


def test_a_new_invitation_ends_the_first(client_for, client, company, mailbox, unique):
    with acting(company.actor()):
        user_id = invitations.invite(f"{unique('bia')}@exemplo.com.br", "Bia", "agent").user.id
    mailbox.collect()
    first = mailbox.link("/invite/")
    client_for("admin").submit(f"/settings/users/{user_id}/invite")
    mailbox.collect()
    assert client.get(first).status_code == 404
    assert client.get(mailbox.link("/invite/")).status_code == 200


def test_without_a_mail_server_the_link_is_shown_once(client_for, client, unique):
    fields = {"email": f"{unique('bia')}@exemplo.com.br", "name": "Bia", "role": "agent"}
    answer = client_for("admin").submit("/settings/users", fields)
    assert answer.status_code == 201
    assert "/invite/" in answer.get_data(as_text=True)


def test_an_address_in_use_is_refused_even_from_another_company(client_for, outsider):
    fields = {"email": outsider.emails["agent"], "name": "Bia", "role": "agent"}
    answer = client_for("admin").submit("/settings/users", fields)
    assert answer.status_code == 409
    assert "Já existe uma pessoa" in answer.get_data(as_text=True)


@pytest.mark.parametrize("role", ["manager", "agent", "viewer", "developer"])
def test_only_admins_manage_people(client_for, company, role):
    browser = client_for(role)
    assert browser.get("/settings/users").status_code == 403
    assert browser.submit(users_page(company, "viewer"), {"name": "X", "role": "admin"}).status_code == 403
    assert browser.submit(users_page(company, "viewer") + "/deactivate").status_code == 403


def test_deactivating_ends_everything_at_once(app, client_for, api_client, client, company):
    browser, program = client_for("developer"), api_client("developer")
    with acting(company.actor("developer")):
        secret = tokens.create_token("Loja").secret
    with browser.session_transaction() as cookie:
        credentials = ("session", cookie["_user_id"])
    assert find_person(credentials) is not None
    client_for("admin").submit(users_page(company, "developer") + "/deactivate")
    assert browser.get("/settings/profile").status_code == 302
    assert program.get("/auth/me").status_code == 401
    assert client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert find_person(credentials) is None
    assert client.submit("/login", {"email": company.emails["developer"], "password": PASSWORD}).status_code == 401
    client_for("admin").submit(users_page(company, "developer") + "/activate")
    assert client.submit("/login", {"email": company.emails["developer"], "password": PASSWORD}).status_code == 303
    assert client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_new_role_holds_at_the_next_request_of_an_open_session(client_for, company):
    browser = client_for("viewer")
    assert browser.get("/settings/users").status_code == 403
    answer = client_for("admin").submit(users_page(company, "viewer"), {"name": "Viewer", "role": "admin"})
    assert answer.status_code == 303
    assert browser.get("/settings/users").status_code == 200


def test_extra_permissions_go_beyond_the_role_and_are_on_record(client_for, company, audited):
    browser = client_for("viewer")
    fields = {"name": "Viewer", "role": "viewer", "permissions": ["audit.see", "contacts.read"]}
    client_for("admin").submit(users_page(company, "viewer"), fields)
    assert browser.get("/settings/audit").status_code == 200
    # What the role gives anyway isn't granted twice.
    assert audited("user.update", company.tenant_id)[0].changes == {"permissions": [[], ["audit.see"]]}


def test_nobody_gives_what_they_do_not_have(company):
    with acting(company.actor()), transaction() as session:
        session.get(User, company.users["agent"]).permissions = ["users.manage"]
    clerk = company.actor("agent")
    clerk = type(clerk)(**{**vars(clerk), "permissions": frozenset({"users.manage"})})
    with acting(clerk):
        with pytest.raises(Forbidden):
            team.update(company.users["viewer"], {"role": "admin"})
        with pytest.raises(Forbidden):
            team.update(company.users["viewer"], {"permissions": ["settings.manage"]})
        with pytest.raises(Forbidden):
            team.deactivate(company.users["admin"])
        with pytest.raises(Forbidden):
            invitations.invite("novo@exemplo.com.br", "Novo", "admin")


def test_the_own_role_and_account_are_out_of_reach(company):
    with acting(company.actor()):
        with pytest.raises(Forbidden):
            team.update(company.users["admin"], {"role": "viewer"})
        with pytest.raises(Conflict):
            team.deactivate(company.users["admin"])


def test_of_two_admins_who_remove_each_other_at_once_one_stays(app, company):
    with acting(company.actor()):
        team.update(company.users["manager"], {"role": "admin"})
    pairs = [("admin", "manager"), ("manager", "admin")]

    def remove(pair):
        by, whom = pair
        actor = company.actor(by)
        actor = type(actor)(**{**vars(actor), "role": "admin"})
        with app.app_context(), acting(actor):
            try:
                team.update(company.users[whom], {"role": "viewer"})
                return "done"
            except Conflict:
                return "refused"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda pair: contextvars.Context().run(remove, pair), pairs))
    assert sorted(outcomes) == ["done", "refused"]
    with acting(company.actor()), transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM users WHERE role = 'admin' AND is_active")) == 1


def test_the_operators_limit_holds_for_invitations(company, unique):
    companies.set_limit(company.tenant_id, "users", 5)
    with acting(company.actor()), pytest.raises(Conflict, match="5 pessoas"):
        invitations.invite(f"{unique('bia')}@exemplo.com.br", "Bia", "agent")
    companies.set_limit(company.tenant_id, "users", None)
    with acting(company.actor()):
        assert invitations.invite(f"{unique('bia')}@exemplo.com.br", "Bia", "agent").user.role == "agent"


def test_unknown_fields_of_a_form_change_nothing(client_for, company):
    """Mass assignment: only the named fields are read."""
    other = make_company()
    fields = {"name": "Viewer", "role": "viewer", "tenant_id": str(other.tenant_id), "password_hash": "x", "id": "1"}
    client_for("admin").submit(users_page(company, "viewer"), {**fields, "is_active": "", "totp_secret": "x"})
    client_for("viewer").submit("/settings/profile", {"name": "V", "locale": "pt_BR", "role": "admin", "is_active": ""})
    with acting(company.actor()), transaction() as session:
        row = session.get(User, company.users["viewer"])
        assert (row.role, row.is_active, row.totp_secret, row.tenant_id) == ("viewer", True, None, company.tenant_id)
