"""The first admin of a new installation, and what the operator does on the command line."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app.accounts import queries
from app.accounts.setup import EMAIL, ensure_first_admin
from app.config import ConfigError
from app.core.context import acting, system
from app.core.hashing import check_password
from tests.factories import PASSWORD


@pytest.fixture
def empty(app, owner_engine):
    """No company at all, as on the first day; the other tests make their own."""
    with owner_engine.begin() as connection:
        connection.execute(text("TRUNCATE tenants CASCADE"))
    with app.app_context():
        yield app


@pytest.fixture
def given(empty):
    """Settings of the operator for this test only."""
    before = empty.extensions["recado"]

    def set_to(**changes):
        empty.extensions["recado"] = replace(before, **changes)

    yield set_to
    empty.extensions["recado"] = before


def test_the_made_up_password_is_told_once_and_works(empty):
    made = ensure_first_admin()
    assert made.email == EMAIL
    row = queries.find_sign_in(EMAIL)
    assert check_password(made.password, row.password_hash)
    assert row.password_hash.startswith("$2b$12$")
    assert ensure_first_admin() is None


def test_a_given_password_is_never_told(given):
    given(admin_email="Dona@Exemplo.com.br", admin_password="uma-senha-dela-1")
    assert ensure_first_admin() is None
    row = queries.find_sign_in("dona@exemplo.com.br")
    assert check_password("uma-senha-dela-1", row.password_hash)
    person = queries.find_person(row.tenant_id, row.user_id)
    assert (person.role, person.tenant_name) == ("admin", "Minha empresa")


def test_a_given_password_that_is_too_short_is_refused_in_one_line(given):
    given(admin_password="123")
    with pytest.raises(ConfigError, match="ADMIN_PASSWORD"):
        ensure_first_admin()
    assert queries.list_tenants() == []


def test_the_operator_makes_companies_and_people(app, unique):
    run = app.test_cli_runner().invoke
    email = f"{unique('ana')}@exemplo.com.br"
    made = run(args=["recado", "tenants", "create", "Loja da Ana", "--email", email, "--password", "senha-da-ana"])
    assert made.exit_code == 0, made.output
    tenant_id = made.output.strip()
    assert f"{tenant_id}  Loja da Ana" in run(args=["recado", "tenants", "list"]).output
    other = f"{unique('beto')}@exemplo.com.br"
    arguments = ["recado", "users", "create", tenant_id, other, "--role", "manager", "--password", PASSWORD]
    assert run(args=arguments).exit_code == 0
    assert f"{other}  manager" in run(args=["recado", "users", "list", tenant_id]).output
    again = run(args=arguments)
    assert again.exit_code == 1
    assert "Já existe" in again.output


def test_the_operator_resets_a_password(app, company):
    run = app.test_cli_runner().invoke
    arguments = ["recado", "users", "reset-password", company.emails["agent"], "--password"]
    assert run(args=[*arguments, "curta"]).exit_code == 1
    assert run(args=[*arguments, "bem-comprida-2"]).exit_code == 0
    row = queries.find_sign_in(company.emails["agent"])
    assert check_password("bem-comprida-2", row.password_hash)
    with acting(system(company.tenant_id)):
        assert queries.get_user(company.users["agent"]).is_active
