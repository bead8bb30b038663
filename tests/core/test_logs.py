"""What a line of the log says, and what it does not."""

import io
import json
import logging

import pytest

from app.core.logs import formatter, masked

SECRET = "Zq3-segredo_que_abre"


@pytest.fixture
def lines(app):
    """What the process would write, line by line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    app.logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    app.logger.removeHandler(handler)


@pytest.mark.parametrize("door", ["reset", "invite"])
def test_an_error_on_a_link_of_a_letter_is_logged_without_its_secret(app, client, lines, monkeypatch, door):
    def broken(**_given):
        raise RuntimeError(f"no row for /{door}/{SECRET}")

    endpoint = {"reset": "accounts.reset", "invite": "accounts.invitation"}[door]
    monkeypatch.setitem(app.view_functions, endpoint, broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    assert client.get(f"/{door}/{SECRET}").status_code == 500
    (line,) = lines()
    assert line["event"] == f"Exception on /{door}/••• [GET]"
    assert "RuntimeError" in line["exception"]
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize(
    "words",
    [
        "/register/abc?x=1",
        f"Exception on /voice/listen/{'gAAAAAB' + 'x' * 80}== [GET]",
        f"GET /outro/{'a1B2-' * 12} 500",
        "Bearer rcd_abcdefghijklmnop",
    ],
)
def test_whatever_opens_something_is_masked(words):
    said = masked(words)
    assert "•••" in said
    assert not any(secret in said for secret in ("abc", "gAAAA", "a1B2"))


@pytest.mark.parametrize(
    "words",
    [
        "/campaigns/0b04dcc9-5d89-46c1-b578-40f61eda36b4/messages",
        "/campaigns/b3a3fbcb-9bf2-48d5-9037-5c664f334290",
        'File "/srv/recado/.venv/lib/python3.12/site-packages/flask/app.py", line 1',
        "/contacts/import?page=2",
    ],
)
def test_what_helps_to_find_the_fault_stays(words):
    assert masked(words) == words
