"""For balancers and monitors."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from app.core import prometheus
from tests.servers import ROOT


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


def test_the_server_tells_its_queues(client):
    body = client.get("/metrics/prometheus").get_data(as_text=True)
    for name in ("recado_send_lateness_seconds", 'recado_jobs_waiting{queue="send"}', "recado_inbound_lag_seconds"):
        assert f"\n{name} " in body


def test_several_processes_are_added_up_and_the_dead_have_no_sockets(tmp_path):
    """Three processes, two of them gone: what they counted stays, the sockets they held do not."""
    script = (
        "import sys; from app.core import prometheus as p\n"
        "p.jobs_failed.labels('x').inc(2); p.sockets.inc(5)\n"
        "if sys.argv[1:]: sys.stdout.write(p.exposition().decode())"
    )
    env = {**os.environ, prometheus.FOLDER: str(tmp_path)}
    for words in ([], [], ["show"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *words], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert 'recado_jobs_failed_total{job="x"} 6.0' in done.stdout
    assert "recado_sockets 5.0" in done.stdout
