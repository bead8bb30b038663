"""The house rules that a machine can check."""

import ast
import re
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory

import app.api
from app import factory
from app.api.auth import PUBLIC
from app.core import background
from app.runtime import programs

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
TEMPLATES = sorted((ROOT / "app").rglob("*.html"))

# The whole list of what answers without a signed-in person; the API's own is `app.api.auth.PUBLIC`.
OPEN_PAGES = {
    "accounts.login",
    "accounts.sign_in",
    "accounts.code",
    "accounts.check_code",
    "accounts.sign_in_elsewhere",
    "accounts.back_from_elsewhere",
    "accounts.forgot",
    "accounts.ask_reset",
    "accounts.reset",
    "accounts.save_reset",
    "accounts.invitation",
    "accounts.accept_invitation",
    "accounts.register",
    "accounts.ask_registration",
    "accounts.registration_link",
    "accounts.confirm_registration",
    "accounts.outbox",
    "accounts.outbox_mail",
    "accounts.outbox_body",
    "api_docs.show",
    "health.metrics",
    "health.page",
    "ui.favicon",
    "ui.language",
    "ui.static_file",
    "ui.theme",
    "voice_audio.signed",
}
TESTS_ONLY = {"ui.gallery", "gallery"}
MOST_LINES, MOST_FUNCTION_LINES = 300, 50
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_open(endpoint: str) -> bool:
    return endpoint in OPEN_PAGES | PUBLIC or "gallery" in endpoint


def address(rule) -> str:
    samples = {"UUIDConverter": str(uuid.uuid4()), "IntegerConverter": "1"}
    values = {name: samples.get(type(kind).__name__, "x") for name, kind in rule._converters.items()}
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", lambda found: values[found.group(1)], rule.rule)


def test_every_route_is_guarded(app, client):
    token = client.csrf_token()
    open_doors = []
    for rule in app.url_map.iter_rules():
        if is_open(rule.endpoint):
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = client.open(address(rule), method=method, headers={"X-CSRFToken": token})
            to_login = answer.status_code == 302 and answer.location.startswith("/login")
            if not (to_login or answer.status_code in (401, 403)):
                open_doors.append((rule.endpoint, method, answer.status))
    assert open_doors == []


def test_the_lists_of_open_doors_name_real_ones(app):
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert (OPEN_PAGES | PUBLIC) - endpoints == set()


def test_every_room_with_a_door_is_opened():
    """A views, api, jobs, sockets or cli room that nobody registered would be dead code."""
    opened = {*factory.BLUEPRINTS, *factory.JOBS, *factory.SOCKETS, *factory.COMMANDS, *app.api.FEATURES}
    rooms = {
        f"app.{path.parent.name}.{path.stem}"
        for room in ("views", "api", "jobs", "sockets", "cli")
        for path in [*(ROOT / "app").glob(f"*/{room}.py"), *(ROOT / "app").glob(f"*/{room}/")]
        if path.parent.name != "app"
    }
    assert rooms - opened == set()


def test_every_queue_has_a_worker_and_every_worker_a_queue():
    served = [name for names in programs.WORKERS for name in names]
    assert sorted(served) == sorted(background.QUEUES)


def test_there_is_one_migration_head():
    config = AlembicConfig(str(ROOT / "migrations" / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def calls(*names: str) -> Iterator[tuple[str, str]]:
    """(file, first argument) of every call of these names whose first argument is a string."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in names and isinstance(node.args[0].value, str):
                yield name_of(path), node.args[0].value


def test_job_names_are_told_apart():
    registered = Counter(name for _file, name in calls("job"))
    assert [name for name, times in registered.items() if times > 1] == []


def test_every_job_that_is_asked_for_exists(app):
    known = set(background.job_names())
    asked = {(file, name) for file, name in calls("enqueue", "nudge", "nudge_now")}
    assert {pair for pair in asked if pair[1] not in known} == set()


def test_every_scheduled_job_exists(app):
    assert {name for name, _every in background.SCHEDULE} - set(background.job_names()) == set()


def test_files_stay_short():
    files = [*SOURCES, *TEMPLATES]
    assert {name_of(path) for path in files if len(path.read_text().splitlines()) > MOST_LINES} == LONG_FILES


def test_functions_stay_short():
    long_ones = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    long_ones.add(f"{name_of(path)}:{node.name}")
    assert long_ones == LONG_FUNCTIONS


INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I),
    "style element": re.compile(r"<style\b", re.I),
    "style attribute": re.compile(r"\sstyle=", re.I),
    "event handler": re.compile(r"<[^>]*\son[a-z]+=[\"']", re.I),
    "script address": re.compile(r"javascript:", re.I),
}


@pytest.mark.parametrize("kind", INLINE)
def test_templates_hold_nothing_that_the_policy_refuses(kind):
    assert [name_of(path) for path in TEMPLATES if INLINE[kind].search(path.read_text())] == []


def test_every_template_compiles(app):
    with app.test_request_context():
        for name in app.jinja_env.list_templates(extensions=["html"]):
            app.jinja_env.get_template(name)


def test_there_is_one_clock():
    raw = re.compile(r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(")
    users = [name_of(path) for path in SOURCES if raw.search(path.read_text())]
    assert users == ["app/core/clock.py"]


def test_no_process_pays_for_libraries_that_it_may_never_use():
    """Ten processes load every room; sound, speech and sheets would cost each of them a hundred megabytes."""
    program = (
        "import importlib, sys, app.factory\n"
        "for rooms in (app.factory.BLUEPRINTS, app.factory.JOBS, app.factory.COMMANDS, app.factory.SOCKETS):\n"
        "    for room in rooms:\n"
        "        importlib.import_module(room)\n"
        "sys.exit(' '.join({'av', 'numpy', 'grpc', 'boto3', 'openpyxl'} & set(sys.modules)) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
