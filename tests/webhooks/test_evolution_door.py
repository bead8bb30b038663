import queue
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from app.core import background
from app.core.context import acting
from app.core.crypto import token_hash
from app.factory import create_app
from app.webhooks.evolution import Waker
from tests.factories import make_instance

BODY = b'{"event": "messages.update", "instance": "loja", "data": {}}'


@pytest.fixture
def number(company):
    with acting(company.actor("admin")):
        return make_instance(webhook_secret_hash=token_hash("s3gr3do")).id


@pytest.fixture
def stored(number, owner_engine):
    def rows():
        query = text("SELECT body, tenant_id, state FROM inbound_events WHERE instance_id = :id ORDER BY id")
        with owner_engine.connect() as connection:
            return connection.execute(query, {"id": number}).all()

    return rows


def post(client, number, body=BODY, secret="s3gr3do", suffix=""):
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return client.post(
        f"/webhooks/evolution/{number}{suffix}", data=body, headers=headers, content_type="application/json"
    )


def test_event_is_stored_as_it_came_and_the_worker_is_woken(client, number, stored, company, redis_url):
    answer = post(client, number)
    assert (answer.status_code, answer.data) == (200, b"")
    ((body, tenant_id, state),) = stored()
    assert (bytes(body), tenant_id, state) == (BODY, company.tenant_id, "pending")
    assert background.redis().llen("rq:queue:events") == 1


def test_same_bytes_twice_are_one_event(client, number, stored):
    assert [post(client, number).status_code for _ in range(3)] == [200, 200, 200]
    assert len(stored()) == 1


def test_a_burst_becomes_one_job(client, number, stored, redis_url):
    for turn in range(5):
        post(client, number, b'{"n": %d}' % turn)
    assert len(stored()) == 5
    assert background.redis().llen("rq:queue:events") == 1


@pytest.mark.parametrize("secret", ["", "errado", "s3gr3do "[:3], "Bearer s3gr3do"])
def test_wrong_secret_stores_nothing(client, number, stored, secret):
    assert post(client, number, secret=secret).status_code == 401
    assert stored() == []


def test_unknown_number_and_number_without_secret(client, company):
    with acting(company.actor("admin")):
        bare = make_instance().id
    assert post(client, bare).status_code == 401
    assert post(client, "00000000-0000-7000-8000-000000000000").status_code == 401


@pytest.mark.parametrize("body", [b"not json", b"\xff\x00\xfe", b"[]"])
def test_what_cannot_be_parsed_is_stored_and_accepted(client, number, stored, body):
    assert post(client, number, body).status_code == 200
    assert bytes(stored()[0].body) == body


def test_webhook_by_events_is_accepted(client, number, stored):
    assert post(client, number, suffix="/messages-upsert").status_code == 200
    assert len(stored()) == 1


def test_body_larger_than_any_page_may_send(client, number, stored):
    body = b'{"base64": "' + b"A" * (66 * 1024 * 1024) + b'"}'
    assert post(client, number, body).status_code == 200
    assert len(bytes(stored()[0].body)) == len(body)


def test_database_away_asks_the_gateway_to_try_again(config, redis_url):
    nowhere = "postgresql+psycopg2://nobody@127.0.0.1:9/none"
    away = create_app(replace(config, database_url=nowhere))
    answer = post(away.test_client(), "00000000-0000-7000-8000-000000000000")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_redis_away_loses_nothing(client, number, stored, redis_url):
    background.connect("redis://127.0.0.1:9")
    try:
        assert post(client, number).status_code == 200
    finally:
        background.connect(redis_url)
    assert len(stored()) == 1


def test_only_posts_to_a_number_are_events(client, number):
    assert client.get(f"/webhooks/evolution/{number}").status_code == 405
    assert client.post("/webhooks/evolution/nobody", data=BODY).status_code == 404


def test_a_connection_that_the_database_dropped_is_replaced(client, number, stored, owner_engine):
    assert post(client, number).status_code == 200
    with owner_engine.connect() as connection:
        dropped = connection.scalar(
            text("""SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'recado-oneshot' AND datname = current_database()""")
        )
        assert dropped
    superuser = create_engine(owner_engine.url.set(username="postgres"))
    with superuser.connect() as connection:
        connection.execute(
            text("""SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
            WHERE application_name = 'recado-oneshot' AND datname = current_database()""")
        )
    superuser.dispose()
    assert post(client, number, b'{"after": "the restart"}').status_code == 200
    assert len(stored()) == 2


def test_the_waker_calls_once_for_a_burst_and_once_more_for_what_comes_after():
    calls: queue.Queue[int] = queue.Queue()
    wake = Waker(lambda: calls.put(1), spacing=0.05)
    for _ in range(10):
        wake()
    calls.get(timeout=5)
    for _ in range(10):
        wake()
    calls.get(timeout=5)
    with pytest.raises(queue.Empty):
        calls.get(timeout=0.15)
