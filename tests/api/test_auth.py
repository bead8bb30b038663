"""`/api/v1/auth` and credentials, as a program sees them."""

import uuid
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import jwt
import pytest
from sqlalchemy import text

from app.accounts.models import User
from app.accounts.service import tokens
from app.accounts.service.pairs import Keys
from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from tests.factories import PASSWORD


def sign_in(client, company, role="agent"):
    return client.post("/api/v1/auth/login", json={"email": company.emails[role], "password": PASSWORD}).json


def me(client, token):
    return client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


def refresh(client, token):
    return client.post("/api/v1/auth/refresh", json={"refresh_token": token})


def test_login_has_the_promised_shape(client, company):
    body = sign_in(client, company)
    assert set(body) >= {"access_token", "refresh_token", "expires_in", "user"}
    assert body["expires_in"] == 900
    assert body["user"] == {
        "id": str(company.users["agent"]),
        "email": company.emails["agent"],
        "name": "Agent",
        "role": "agent",
        "tenant_id": str(company.tenant_id),
    }


def test_me_tells_who_is_calling(api_client, company):
    body = api_client("agent").get("/auth/me").json
    assert (body["email"], body["role"], body["tenant_id"]) == (
        company.emails["agent"],
        "agent",
        str(company.tenant_id),
    )
    assert "contacts.read" in body["permissions"]
    assert "users.manage" not in body["permissions"]


def test_wrong_password_and_unknown_address_answer_alike(client, company):
    bodies = []
    for email in (company.emails["agent"], "ninguem@exemplo.com.br"):
        answer = client.post("/api/v1/auth/login", json={"email": email, "password": "errada-123"})
        assert answer.status_code == 401
        bodies.append({key: value for key, value in answer.json.items() if key != "request_id"})
    assert bodies[0] == bodies[1]


def test_the_sixth_try_waits(app, client, company):
    before = app.extensions["recado"]
    app.extensions["recado"] = replace(before, login_rate_limit="5 per 15 minutes")
    try:
        body = {"email": company.emails["agent"], "password": "errada-123"}
        codes = [client.post("/api/v1/auth/login", json=body) for _ in range(6)]
    finally:
        app.extensions["recado"] = before
    assert [answer.status_code for answer in codes] == [401] * 5 + [429]
    assert int(codes[-1].headers["Retry-After"]) > 0


def test_a_session_cookie_opens_nothing_here(client_for):
    browser = client_for("admin")
    assert browser.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer abc", "Bearer a.b.c", "Bearer rcd_x", "Bearer \xff"]
)
def test_bad_credentials_are_refused_with_a_challenge(client, header):
    answer = client.get("/api/v1/auth/me", headers={"Authorization": header} if header is not None else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


def test_refresh_gives_a_new_pair_and_uses_up_the_old(client, company):
    first = sign_in(client, company)
    second = refresh(client, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    assert me(client, second["access_token"]).status_code == 200


def test_using_a_refresh_token_twice_kills_the_family(client, company):
    first = sign_in(client, company)
    second = refresh(client, first["refresh_token"]).json
    assert refresh(client, first["refresh_token"]).status_code == 401
    assert refresh(client, second["refresh_token"]).status_code == 401
    assert me(client, second["access_token"]).status_code == 401
    with acting(company.actor()), transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM audit_logs WHERE action = 'auth.refresh_reused'")) == 1


def test_another_sign_in_of_the_same_person_lives_on(client, company):
    first, other = sign_in(client, company), sign_in(client, company)
    refresh(client, first["refresh_token"])
    refresh(client, first["refresh_token"])
    assert me(client, other["access_token"]).status_code == 200


def test_of_two_simultaneous_refreshes_one_wins_at_most(app, company):
    token = sign_in(app.test_client(), company)["refresh_token"]
    codes, barrier = [], Barrier(4)

    def attempt():
        client = app.test_client()
        barrier.wait()
        codes.append(refresh(client, token).status_code)

    threads = [Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) in ([200, 401, 401, 401], [401] * 4)


def test_an_expired_access_token_is_refused(client, company, config):
    body = sign_in(client, company)
    keys = Keys.of(config)
    claims = jwt.decode(body["access_token"], keys.secret, algorithms=["HS256"])
    claims["exp"] = clock.now() - timedelta(seconds=1)
    assert me(client, jwt.encode(claims, keys.secret, algorithm="HS256")).status_code == 401


def test_a_token_signed_by_somebody_else_is_refused(client, company, config):
    claims = jwt.decode(sign_in(client, company)["access_token"], options={"verify_signature": False})
    for forged in (
        jwt.encode(claims, config.secret_key + "x" * 20, algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, config.secret_key + "-as-it-is-in-cookies", algorithm="HS256"),
    ):
        assert me(client, forged).status_code == 401


def test_a_token_can_not_be_moved_to_another_company(client, company, outsider, config):
    keys = Keys.of(config)
    claims = jwt.decode(sign_in(client, company)["access_token"], keys.secret, algorithms=["HS256"])
    claims["tid"] = str(outsider.tenant_id)
    assert me(client, jwt.encode(claims, keys.secret, algorithm="HS256")).status_code == 401


def test_deactivating_a_person_ends_their_tokens_at_once(client, company):
    body = sign_in(client, company)
    with acting(company.actor()), transaction() as session:
        session.get(User, company.users["agent"]).is_active = False
    assert me(client, body["access_token"]).status_code == 401
    assert refresh(client, body["refresh_token"]).status_code == 401


def test_logout_ends_both_tokens(client, company):
    body = sign_in(client, company)
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert client.post("/api/v1/auth/logout", headers=headers).status_code == 204
    assert me(client, body["access_token"]).status_code == 401
    assert refresh(client, body["refresh_token"]).status_code == 401


def test_logout_takes_the_refresh_token_in_the_body_too(client, company):
    body = sign_in(client, company)
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    answer = client.post("/api/v1/auth/logout", headers=headers, json={"refresh_token": body["refresh_token"]})
    assert answer.status_code == 204
    assert refresh(client, body["refresh_token"]).status_code == 401


@pytest.fixture
def token(company):
    def make(role="developer", **options):
        with acting(company.actor(role)):
            return tokens.create_token(options.pop("name", "Loja"), **options)

    return make


def test_an_api_token_acts_as_its_maker(client, token):
    made = token("developer")
    assert me(client, made.secret).json["role"] == "developer"


def test_an_api_token_stays_within_its_scopes(client, token):
    made = token("admin", scopes=["contacts.read"])
    assert me(client, made.secret).json["permissions"] == ["contacts.read"]


def test_scopes_one_does_not_hold_are_refused(token):
    with pytest.raises(Exception) as caught:
        token("developer", scopes=["campaigns.write"])
    assert caught.value.errors[0].field == "scopes"


def test_an_expired_or_revoked_api_token_is_refused(client, company, token):
    expired, revoked = token("developer", expires_in_days=1), token("developer")
    with acting(company.actor("developer")):
        tokens.revoke_token(revoked.row.id)
        with transaction() as session:
            session.execute(text("UPDATE api_tokens SET expires_at = now() WHERE id = :id"), {"id": expired.row.id})
    assert me(client, expired.secret).status_code == 401
    assert me(client, revoked.secret).status_code == 401


def test_the_last_use_of_a_token_is_noted(client, company, token):
    made = token("developer")
    me(client, made.secret)
    with acting(company.actor()), transaction() as session:
        assert session.scalar(text("SELECT last_used_at FROM api_tokens")) is not None


def test_only_the_hash_of_a_token_is_kept(company, token):
    made = token("developer")
    with acting(company.actor()), transaction() as session:
        row = session.execute(text("SELECT * FROM api_tokens")).one()
    assert made.secret not in str(row)


def test_a_token_has_no_session_to_end(client, token):
    headers = {"Authorization": f"Bearer {token('developer').secret}"}
    assert client.post("/api/v1/auth/logout", headers=headers).status_code == 422


def test_families_are_told_apart(client, company):
    claims = [jwt.decode(sign_in(client, company)["access_token"], options={"verify_signature": False}) for _ in "ab"]
    assert uuid.UUID(claims[0]["fam"]) != uuid.UUID(claims[1]["fam"])
