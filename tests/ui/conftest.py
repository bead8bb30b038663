"""The interface alone: a small application without a database, for everything that the pages share."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask, request
from flask.testing import FlaskClient
from flask_socketio import SocketIO
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from app import ui
from app.core.context import Actor, set_actor
from app.ui import assets

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"


def make_site(role: str | None = "admin", csrf: bool = False, testing: bool = True) -> Flask:
    app = Flask("site", static_folder=None)
    app.config.update(
        SECRET_KEY="test",
        TESTING=testing,
        WTF_CSRF_ENABLED=csrf,
        BABEL_DEFAULT_LOCALE="pt_BR",
        BABEL_DEFAULT_TIMEZONE="America/Sao_Paulo",
    )
    CSRFProtect(app)

    @app.before_request
    def sign_in() -> None:
        person = Actor(uuid.uuid4(), uuid.uuid4(), role, name="Ana Lima") if role else None
        set_actor(person)

    @app.teardown_request
    def sign_out(_error: BaseException | None) -> None:
        set_actor(None)

    ui.init_app(app)
    for path in ("/", "/contacts", "/lists", "/campaigns", "/templates", "/instances", "/settings", "/dead-letters"):
        app.add_url_rule(path, path, lambda: "")
    return app


@pytest.fixture
def site() -> Flask:
    return make_site()


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def gallery(client: FlaskClient) -> BeautifulSoup:
    return BeautifulSoup(client.get("/_ui").data, "html.parser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@dataclass
class Running:
    """A site that answers on a port, with the vendor files that `make` copies."""

    url: str
    app: Flask
    sockets: SocketIO
    fetched: list[str]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    assets.build(ROOT / "node_modules")
    app, fetched = make_site(csrf=True), []
    app.before_request(lambda: fetched.append(request.path))
    sockets = SocketIO(app, async_mode="threading")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Running(f"http://127.0.0.1:{server.server_port}", app, sockets, fetched)
    server.shutdown()
    thread.join()


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    """Fails the test on any script error and on anything that the content policy refused."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="pt-BR")
    running.fetched.clear()
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
    page.goto(f"{running.url}/_ui")
    expect(page.locator(".live-line")).to_have_text("Ao vivo")
    yield page
    context.close()
    assert problems == []
