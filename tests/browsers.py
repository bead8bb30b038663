"""A real Chromium for tests marked `browser`: one per worker, since two drivers cannot share a thread."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.config import Config
from app.factory import create_app, serve_sockets
from app.ui import assets

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90_000  # milliseconds, of every wait: the machine may be busy with the other tests
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--use-fake-device-for-media-stream"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a port of its own, with the front-end files that `make` copies."""
    assets.build(ROOT / "node_modules")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def url(config: Config) -> Iterator[str]:
    """The application with its sockets."""
    web = create_app(config)
    serve_sockets(web, async_mode="threading")
    with serving(web) as address:
        yield address


@contextmanager
def visiting(browser: Browser, **context: Any) -> Iterator[Page]:
    """A page of a new visitor. Fails on any script error and on anything that the content policy refused."""
    visitor = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "pt-BR", **context})
    page, problems = visitor.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
    try:
        yield page
    finally:
        visitor.close()
    assert problems == []
