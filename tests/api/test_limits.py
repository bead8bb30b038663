"""So many requests a minute, on the API alone."""

from dataclasses import replace

import pytest


@pytest.fixture
def tight(app):
    before = app.extensions["recado"]
    app.extensions["recado"] = replace(before, api_rate_limit="5 per minute")
    yield
    app.extensions["recado"] = before


def test_past_the_limit_the_caller_waits(client, tight):
    answers = [client.get("/api/v1/openapi.json") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert answers[-1].json["code"] == "too_many"


def test_pages_health_and_assets_are_not_counted(client, tight):
    for _ in range(7):
        assert client.get("/login").status_code == 200
        assert client.get("/healthz").status_code == 200
    assert client.get("/api/v1/openapi.json").headers["RateLimit-Remaining"] == "4"


def test_one_token_from_many_addresses_has_one_allowance(api_client, tight):
    caller = api_client()
    codes = [caller.get("/auth/me", environ_base={"REMOTE_ADDR": f"10.0.0.{n}"}).status_code for n in range(6)]
    assert codes == [200] * 5 + [429]


def test_without_redis_the_api_stays_open(client, tight, without_redis):
    assert [client.get("/api/v1/openapi.json").status_code for _ in range(6)] == [200] * 6
