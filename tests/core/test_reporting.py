"""What leaves to Sentry, and what a line of the log says."""

import json
import logging
import uuid

import pytest
import sentry_sdk
import structlog

from app.core import logs, reporting
from app.core.context import acting, system


@pytest.fixture
def sent(monkeypatch):
    """Events as they would leave, from a configured client."""
    events = []
    real = sentry_sdk.init

    def init(dsn, **options):
        real(dsn, transport=lambda event: events.append(event), default_integrations=False, **options)

    monkeypatch.setattr(sentry_sdk, "init", init)
    assert reporting.configure("https://key@sentry.invalid/1")
    yield events
    sentry_sdk.get_global_scope().set_client(None)


def test_an_error_leaves_without_the_people_in_it(sent):
    sentry_sdk.set_user({"email": "ana@padaria.com.br"})
    secret = "ana@padaria.com.br"
    try:
        raise ValueError(f"Key (phone)=(+55 11 98765-4321) of {secret} already exists")
    except ValueError as error:
        sentry_sdk.capture_exception(error)
    sentry_sdk.flush()
    assert sent
    whole = json.dumps(sent, default=str)
    for piece in ("ana@", "98765", "padaria"):
        assert piece not in whole
    assert "ValueError" in whole
    assert "already exists" in whole


def test_without_an_address_nothing_is_set_up():
    assert reporting.configure("") is False


def test_a_line_is_one_json_object_and_names_the_company(capsys):
    before = logging.root.handlers[:], logging.root.level
    tenant = uuid.uuid4()
    try:
        logs.configure()
        with acting(system(tenant)), structlog.contextvars.bound_contextvars(job="x.y", job_id="1"):
            structlog.get_logger("recado").info("something\nhappened", count=3)
        logging.getLogger("a.library").warning("plain words")
    finally:
        logging.root.handlers[:], _level = before[0], logging.root.setLevel(before[1])
        structlog.reset_defaults()
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.strip().splitlines())
    assert (ours["tenant_id"], ours["job"], ours["event"]) == (str(tenant), "x.y", "something\nhappened")
    assert theirs["event"] == "plain words"
