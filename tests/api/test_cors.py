"""Which browsers of other sites may read the answers."""

from dataclasses import replace

import pytest

OURS = "https://loja.exemplo.com.br"


@pytest.fixture(autouse=True)
def origins(app):
    before = app.extensions["recado"]
    app.extensions["recado"] = replace(before, cors_origins=[OURS])
    yield
    app.extensions["recado"] = before


def test_a_configured_origin_may_ask_first_and_then_read(client):
    headers = {"Origin": OURS, "Access-Control-Request-Method": "POST"}
    preflight = client.options("/api/v1/probe", headers=headers)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == OURS
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    answer = client.get("/api/v1/openapi.json", headers={"Origin": OURS})
    assert answer.headers["Access-Control-Allow-Origin"] == OURS


@pytest.mark.parametrize("origin", ["https://mau.example", "null", f"{OURS}.mau.example", ""])
def test_any_other_origin_reads_nothing(client, origin):
    answer = client.get("/api/v1/openapi.json", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_are_for_nobody_elses_scripts(client):
    assert "Access-Control-Allow-Origin" not in client.get("/login", headers={"Origin": OURS}).headers
