"""For balancers and monitors."""

from dataclasses import replace

import pytest


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/healthz"])
def test_healthy(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["checks"] == {"process": "ok", "database": "ok", "redis": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/healthz"])
def test_without_redis_it_says_what_is_down(client, path, without_redis):
    answer = client.get(path)
    assert answer.status_code == 503
    assert answer.json["checks"] == {"process": "ok", "database": "ok", "redis": "down"}


def test_requests_are_counted(client):
    client.get("/healthz")
    body = client.get("/metrics/prometheus").get_data(as_text=True)
    assert 'recado_http_requests_total{endpoint="health.page",method="GET",status="200"}' in body


def test_the_metrics_may_ask_for_a_token(app, client):
    before = app.extensions["recado"]
    app.extensions["recado"] = replace(before, metrics_token="m-secret")
    try:
        assert client.get("/metrics/prometheus").status_code == 401
        answer = client.get("/metrics/prometheus", headers={"Authorization": "Bearer m-secret"})
        assert answer.status_code == 200
    finally:
        app.extensions["recado"] = before
