"""What an attacker would try on every door at once. What belongs to one feature is tested beside it: sign-in (fixation,
open redirects, enumeration), uploads and bombs in sheets (media, contacts), addresses of strangers (core/outbound),
other companies' rows (test_isolation_walk)."""

import ast
import gzip
import io
import json
import re
from pathlib import Path

import pytest
import structlog

from app.core import logs
from tests.clients import ApiClient, sign_in
from tests.test_isolation_walk import PARAMETER, doors

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
WITHOUT_FORMS = ("/api/", "/webhooks/")  # bearer and gateways' secrets; cookies count for nothing there


@pytest.fixture
def addresses(app, belongings):
    """(method, address) of every door, with rows that exist; the API's own tests may have added theirs."""
    ours = [(rule, m) for rule, m in doors(app) if "/probe/" not in rule.rule]
    return [(m, PARAMETER.sub(lambda found: belongings[found[1]], rule.rule)) for rule, m in ours]


def test_every_page_carries_the_headers(addresses, client_for):
    browser, wrong = client_for("admin"), []
    for method, address in addresses:
        if method != "GET" or address.startswith(WITHOUT_FORMS):
            continue
        headers = browser.get(address).headers
        policy = headers.get("Content-Security-Policy", "")
        good = (
            "frame-ancestors 'none'" in policy or "sandbox" in policy,
            "unsafe-inline" not in policy and "unsafe-eval" not in policy,
            headers.get("X-Content-Type-Options") == "nosniff",
            headers.get("Referrer-Policy") == "same-origin",
            "Permissions-Policy" in headers,
            "Strict-Transport-Security" not in headers,
        )
        if not all(good):
            wrong.append((address, good))
    assert wrong == []


def test_behind_tls_browsers_are_told_to_stay_there(client):
    answer = client.get("/login", base_url="https://localhost")
    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]
    assert (
        "max-age"
        in client.get("/api/v1/openapi.json", base_url="https://localhost").headers["Strict-Transport-Security"]
    )


def test_every_form_asks_for_its_token(addresses, client_for):
    """Signed in, as a form of another site would be sent: without the token, and with one that is wrong."""
    browser, wrong = client_for("admin"), []
    for method, address in addresses:
        if method == "GET" or address.startswith(WITHOUT_FORMS):
            continue
        for headers in ({}, {"X-CSRFToken": "x" * 80}):
            answer = browser.open(address, method=method, headers=headers)
            if answer.status_code != 400:
                wrong.append((method, address, answer.status))
    assert wrong == []


def test_a_session_cookie_alone_changes_nothing_through_the_api(addresses, client_for):
    browser, wrong = client_for("admin"), []
    token = browser.csrf_token()
    for method, address in addresses:
        if address.startswith("/api/") and method != "GET":
            answer = browser.open(address, method=method, json={}, headers={"X-CSRFToken": token})
            if answer.status_code != 401:
                wrong.append((method, address, answer.status))
    assert wrong == []


FORBIDDEN = {"tenant_id": "01a00000-0000-7000-8000-000000000000", "role": "admin", "is_active": None, "created_by": "x",
             "password_hash": "x", "owner_id": "x", "sees": ["inbox.all"], "storage_key": "/etc/passwd"}  # fmt: skip


def test_no_body_sets_what_is_not_its_to_set(app, company, belongings):
    """Mass assignment: every JSON body of the document, with fields of the rows that nobody may write."""
    api, wrong = ApiClient.sign_in(app.test_client(), company), []
    document = api.get("/openapi.json").json
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = (
                operation.get("requestBody", {}).get("content", {}).get("application/json")
                if method != "parameters"
                else None
            )
            if not body or "/auth/" in path:
                continue
            reference = body["schema"].get("$ref", "").rsplit("/", 1)[-1]
            known = set(document["components"]["schemas"].get(reference, {}).get("properties", {}))
            sent = {name: value for name, value in FORBIDDEN.items() if name not in known}
            address = re.sub(r"\{(\w+)\}", lambda found: belongings[found[1]], path.removeprefix("/api/v1"))
            answer = api.call(method.upper(), address, json=sent)
            named = {error["field"] for error in (answer.json or {}).get("errors", [])}
            if answer.status_code != 422 or not set(sent) <= named:
                wrong.append((method, path, answer.status, sorted(set(sent) - named)))
    assert wrong == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_packed_body_is_not_unpacked(api_client, encoding):
    """A thousand times smaller on the wire than in memory."""
    bomb = gzip.compress(json.dumps({"name": "x" * 50_000_000}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    assert api_client("admin").post("/contacts", data=bomb, headers=headers).status_code in (400, 413, 415, 422)


HOSTILE = ("%" * 3000, "(" * 3000, "a" * 20_000 + "!", "\\" * 500, "'; DROP TABLE contacts; --", "[a-z]{1,99999}", "_" * 999,
           "{" * 999, "$(id)", "\u202e" * 99, "ﷺ" * 999)  # fmt: skip
SEARCHES = ("/contacts?search=", "/templates?search=", "/instances?search=", "/tickets?q=", "/contacts?tag=")


@pytest.mark.parametrize("path", SEARCHES)
def test_a_filter_takes_any_words_for_words(api_client, path):
    client = api_client("admin")
    for words in HOSTILE:
        name, _equals, _rest = path.partition("?")[2].partition("=")
        answer = client.get(path.partition("?")[0], query_string={name: words})
        assert answer.status_code in (200, 422), (path, words[:20], answer.status)
        assert not answer.json.get("data")


# Patterns put together from constants of their own file.
MADE_OF_OURS = {"app/api/words.py", "app/contacts/queries/segments.py"}


def calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_no_pattern_is_made_of_what_somebody_typed():
    """ReDoS: patterns are ours, written down, and known when the module is loaded."""
    wrong = []
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        inside = {id(call) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for call in calls(node)}
        for call in calls(tree):
            ours = getattr(getattr(call.func, "value", None), "id", "") == "re" and call.args
            if ours and id(call) in inside and not isinstance(call.args[0], ast.Constant):
                wrong.append(path.relative_to(ROOT).as_posix())
    assert set(wrong) <= MADE_OF_OURS


def test_secrets_are_compared_in_constant_time():
    """`==` on a secret tells by its time how much of it was right; `crypto.same` does not."""
    secret = re.compile(r"(secret|password|signature|digest|api_?key|csrf)$|^(given|wanted)_token$")
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                sides = [node.left, *node.comparators]
                names = [getattr(side, "attr", getattr(side, "id", "")) for side in sides]
                columns = any(
                    isinstance(side, ast.Attribute) and getattr(side.value, "id", "a")[0].isupper() for side in sides
                )
                constant = any(isinstance(side, ast.Constant) for side in sides)
                if any(secret.search(name) for name in names) and not columns and not constant:
                    wrong.append((path.relative_to(ROOT).as_posix(), node.lineno))
    assert wrong == []


def test_no_value_forges_a_line_of_the_log(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    root = logs.logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure()
        hostile = 'x\n{"level": "info", "event": "user admin signed in"}\r\n\x1b[31m'
        structlog.get_logger("t").warning("sign_in_failed", email=hostile)
        logs.logging.getLogger("werkzeug").warning("GET %s", hostile)
    finally:
        root.handlers, root.level = before, level
        structlog.reset_defaults()
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert all(json.loads(line) for line in lines)
    assert "\x1b" not in out.getvalue()


def test_no_header_is_split_by_what_somebody_sends(app, company):
    """Line breaks in names of files, in the request id, in the way on after signing in."""
    browser = sign_in(app.test_client(), company)
    for address in ("/login?next=/%0d%0aSet-Cookie:%20x=1", "/contacts?search=%0d%0aX-Evil:%201"):
        answer = browser.get(address)
        assert "X-Evil" not in answer.headers
        assert not any(cookie.startswith("x=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_every_dependency_is_pinned_exactly():
    """What is audited is what is installed; `pip-audit -r requirements.txt` needs the network and is the operator's."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            wanted = line.partition("#")[0].strip()
            assert (
                not wanted or wanted.startswith("-r ") or re.fullmatch(r"[\w.\-\[\],]+==[\w.!+]+(\s*;.*)?", wanted)
            ), line
