"""The interface alone: a small application without a database, for everything that the pages share."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from bs4 import BeautifulSoup
from flask import Flask, request
from flask.testing import FlaskClient
from flask_socketio import SocketIO
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, Page, expect

from app import ui
from app.core.context import Actor, set_actor
from tests.browsers import serving, visiting


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
    for path in (
        "/",
        "/contacts",
        "/lists",
        "/campaigns",
        "/templates",
        "/instances",
        "/settings",
        "/settings/dead-letters",
    ):
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


@dataclass
class Running:
    """A site that answers on a port."""

    url: str
    app: Flask
    sockets: SocketIO
    fetched: list[str]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    app, fetched = make_site(csrf=True), []
    app.before_request(lambda: fetched.append(request.path))
    sockets = SocketIO(app, async_mode="threading")
    with serving(app) as url:
        yield Running(url, app, sockets, fetched)


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    running.fetched.clear()
    with visiting(browser) as page:
        page.goto(f"{running.url}/_ui")
        expect(page.locator(".live-line")).to_have_text("Ao vivo")
        yield page
