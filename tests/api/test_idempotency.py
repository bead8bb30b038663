"""The same key and body is the same POST."""

import io
import threading

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from tests.api import probe


@pytest.fixture
def count(company):
    def tags():
        with acting(company.actor()), transaction() as session:
            return session.scalar(text("SELECT count(*) FROM tags"))

    return tags


def post(client, body, key="pedido-1", path="/probe"):
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def test_a_repeat_gets_the_first_answer_and_does_nothing(api_client, count):
    client = api_client()
    first, again = post(client, {"name": "a"}), post(client, {"name": "a"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count() == 1


def test_another_body_under_the_same_key_is_refused(api_client, count):
    client = api_client()
    post(client, {"name": "a"})
    assert post(client, {"name": "b"}).status_code == 422
    assert post(client, {"name": "a"}, path="/probe/upload").status_code == 422
    assert count() == 1


def test_keys_belong_to_one_caller(api_client, count):
    assert post(api_client("admin"), {"name": "a"}).status_code == 201
    assert post(api_client("manager"), {"name": "b"}).status_code == 201
    assert count() == 2


def test_without_a_key_every_post_counts(api_client, count):
    client = api_client()
    client.post("/probe", json={"name": "a"})
    client.post("/probe", json={"name": "b"})
    assert count() == 2


def test_a_refused_post_may_be_corrected_under_its_key(api_client, count):
    client = api_client()
    assert post(client, {}).status_code == 422
    assert post(client, {"name": "a"}).status_code == 201
    assert count() == 1


def test_a_crash_leaves_the_key_taken(api_client):
    client = api_client()
    assert post(client, {}, path="/probe/crash").status_code == 500
    answer = post(client, {}, path="/probe/crash")
    assert answer.status_code == 409
    assert answer.json["code"] == "idempotency_in_progress"


def test_while_the_first_is_under_way_the_second_is_told_so(api_client, monkeypatch):
    client = api_client()
    monkeypatch.setattr(probe.gate, "entered", threading.Event())
    monkeypatch.setattr(probe.gate, "leave", threading.Event())
    answers = []
    first = threading.Thread(target=lambda: answers.append(post(client, {}, path="/probe/slow")))
    first.start()
    assert probe.gate.entered.wait(10)
    assert post(client, {}, path="/probe/slow").status_code == 409
    probe.gate.leave.set()
    first.join()
    assert answers[0].status_code == 200
    assert post(client, {}, path="/probe/slow").json == {"done": True}


def test_an_upload_is_the_same_whatever_its_boundary(api_client):
    client = api_client()

    def upload(content):
        data = {"file": (io.BytesIO(content), "a.csv")}
        return client.post("/probe/upload", data=data, headers={"Idempotency-Key": "u-1"})

    assert upload(b"abc").json == {"size": 3}
    again = upload(b"abc")
    assert (again.json, again.headers.get("Idempotency-Replayed")) == ({"size": 3}, "true")
    assert upload(b"abcd").status_code == 422


@pytest.mark.parametrize("key", ["x" * 256, "tab\there", "com espaço"])
def test_a_strange_key_is_refused(api_client, key):
    assert post(api_client(), {"name": "a"}, key=key).status_code == 422


def test_only_posts_know_keys(api_client):
    client = api_client()
    headers = {"Idempotency-Key": "g-1"}
    assert client.get("/probe", headers=headers).status_code == 200
    assert client.get("/probe?page=2", headers=headers).json["page"] == 2
