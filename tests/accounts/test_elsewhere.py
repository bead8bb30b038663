"""Signing in with Google and Facebook, against a small provider of our own that speaks OpenID Connect for real."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwk, jwt

from app.accounts.models import Identity
from app.accounts.views import elsewhere
from app.config import SignInProvider
from app.core.context import acting
from app.core.db import transaction
from tests.accounts.conftest import code_at
from tests.clients import IsolatedClient


@dataclass
class Provider:
    """Says who signed in; `claims` change what the next token says, `me` what Facebook's graph answers."""

    url: str = ""
    key: Any = field(default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    me: dict[str, Any] = field(default_factory=dict)
    subject: str = field(default_factory=lambda: uuid.uuid4().hex)
    nonce: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, list[str]]) -> dict[str, Any]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return {
                "issuer": self.url,
                **{name: self.url + end for name, end in ends.items()},
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/me":
            return self.me
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "id_token": self._id_token()}

    def _id_token(self) -> str:
        now = int(time.time())
        who = {"iss": self.url, "aud": "client-1", "sub": self.subject}
        claims = {**who, "iat": now, "exp": now + 60, "nonce": self.nonce}
        return jwt.encode({"alg": "RS256", "kid": "k"}, {**claims, **self.claims}, self.key)


@pytest.fixture
def provider(app, configured) -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _answer(self, body: dict[str, list[str]]) -> None:
            data = json.dumps(found.answer(urlsplit(self.path).path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        both = SignInProvider("client-1", "secret-1", found.url)
        configured(google=both, facebook=replace(both))
        elsewhere.init_app(app)
        yield found
        server.shutdown()


def go(
    client: IsolatedClient, provider: Provider, name: str = "google", start: str | None = None, **claims: Any
) -> Any:
    """To the provider and back, as a browser would."""
    left = client.get(start or f"/login/{name}")
    assert left.status_code == 302, left.get_data(as_text=True)
    asked = parse_qs(urlsplit(left.location).query)
    provider.claims, provider.nonce = claims, asked.get("nonce", [""])[0]
    return client.get(f"/login/{name}/back?code=c&state={asked['state'][0]}")


def is_in(client: IsolatedClient) -> bool:
    return client.get("/settings/profile").status_code == 200


def test_a_verified_address_lets_in_and_is_remembered(client, app, company, provider):
    answer = go(client, provider, email=company.emails["agent"], email_verified=True)
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(client)
    # From now on by the account, whatever its address.
    other = app.test_client()
    go(other, provider, email="outro@gmail.com", email_verified=True)
    assert is_in(other)


def test_an_address_that_google_does_not_vouch_for_lets_nobody_in(client, company, provider):
    go(client, provider, email=company.emails["agent"], email_verified=False)
    assert not is_in(client)


def test_an_unknown_account_lets_nobody_in_and_is_on_record(client, company, provider, audited):
    answer = go(client, provider, email="ninguem@gmail.com", email_verified=True)
    assert answer.location == "/login"
    assert not is_in(client)
    assert audited("auth.failed")[-1].changes["provider"] == "google"


@pytest.mark.parametrize(
    "wrong", [{"aud": "another"}, {"iss": "https://mau.example"}, {"exp": 1}, {"nonce": "replayed"}]
)
def test_a_token_that_is_not_for_us_lets_nobody_in(client, company, provider, wrong):
    go(client, provider, email=company.emails["agent"], email_verified=True, **wrong)
    assert not is_in(client)


def test_a_token_signed_by_somebody_else_lets_nobody_in(client, company, provider):
    client.get("/login/google")  # the right keys are known by now
    provider.key = jwk.RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256", "use": "sig"})
    real = provider.answer
    keys = provider.answer("/keys", {})
    forged = jwk.RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256", "use": "sig"})
    provider.answer = lambda path, body: keys if path == "/keys" else real(path, body)  # type: ignore[method-assign]
    provider.key = forged
    go(client, provider, email=company.emails["agent"], email_verified=True)
    assert not is_in(client)


def test_an_answer_nobody_asked_for_lets_nobody_in(client, company, provider):
    provider.claims = {"email": company.emails["agent"], "email_verified": True}
    assert client.get("/login/google/back?code=c&state=invented").location == "/login"
    client.get("/login/google")
    assert client.get("/login/google/back?code=c&state=invented").location == "/login"
    assert not is_in(client)


def test_the_second_factor_is_asked_for_here_too(client, company, provider, with_totp):
    with_totp("agent")
    answer = go(client, provider, email=company.emails["agent"], email_verified=True)
    assert answer.location.startswith("/login/code")
    assert not is_in(client)
    client.submit("/login/code", {"code": code_at()})
    assert is_in(client)


def test_the_way_on_leads_nowhere_else(client, company, provider):
    email = {"email": company.emails["agent"], "email_verified": True}
    answer = go(client, provider, start="/login/google?next=https://mau.example", **email)
    assert answer.location == "/"


def test_facebook_lets_in_only_who_linked_it(client, client_for, app, company, provider):
    provider.me = {"id": provider.subject, "email": company.emails["agent"]}
    go(client, provider, "facebook")
    assert not is_in(client)  # the address alone proves nothing
    signed_in = client_for("agent")
    page = signed_in.page("/settings/security")
    link = page.select_one("a[href*='/settings/security/facebook/link']")["href"]
    assert go(signed_in, provider, "facebook", start=link).location == "/settings/security"
    other = app.test_client()
    go(other, provider, "facebook")
    assert is_in(other)


def test_linking_takes_the_pages_token(client_for, company, provider):
    browser = client_for("agent")
    assert browser.get("/settings/security/google/link").location == "/settings/security"
    assert browser.get("/settings/security/google/link?token=x").location == "/settings/security"


def test_an_account_opens_one_person_only(client_for, company, provider):
    for role in ("agent", "viewer"):
        browser = client_for(role)
        link = browser.page("/settings/security").select_one("a[href*='/google/link']")["href"]
        go(browser, provider, start=link, email="x@gmail.com", email_verified=True)
    with acting(company.actor()), transaction() as session:
        assert [row.user_id for row in session.query(Identity)] == [company.users["agent"]]


def test_unlinking_closes_it(client_for, app, company, provider):
    browser = client_for("agent")
    link = browser.page("/settings/security").select_one("a[href*='/google/link']")["href"]
    go(browser, provider, start=link, email="x@gmail.com", email_verified=True)
    assert browser.submit("/settings/security/google/unlink").status_code == 303
    other = app.test_client()
    go(other, provider, email="x@gmail.com", email_verified=True)
    assert not is_in(other)


def test_a_provider_that_is_away_says_so(client, company, provider, configured, app):
    configured(google=SignInProvider("client-1", "s", "http://127.0.0.1:1"))
    elsewhere.init_app(app)
    assert client.get("/login/google").location == "/login"


def test_what_is_not_configured_is_not_offered(client):
    assert client.get("/login/facebook").status_code == 404
    assert client.get("/login/mallory").status_code == 404
    assert "Continuar com" not in client.get("/login").get_data(as_text=True)
