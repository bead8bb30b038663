"""Through a real nginx to three web processes: pages, sockets, files, limits, and a restart that nobody notices."""

import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.runtime import console, settings
from tests import behind_nginx
from tests.behind_nginx import Site
from tests.browsers import visiting
from tests.journeys.stack import ADMIN, PASSWORD, Stack

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Beside the run, on its database."""
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    with behind_nginx.standing(folder, console.environment(settings.load(stack.env))) as site:
        yield site


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """An admin who is signed in, with a socket open through nginx."""
    with visiting(browser, ignore_https_errors=True) as page:
        page.goto(f"{site.url}/login")
        page.get_by_label("E-mail").fill(ADMIN)
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_role("button", name="Entrar").click()
        expect(page.locator(".live-line")).to_have_text("Ao vivo")
        yield page


def test_a_person_works_through_it(page: Page, site: Site):
    """A socket held by one of three processes; a file that nginx sends once the application has agreed."""
    kept = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert kept["recado"]["secure"]
    assert kept["recado_route"]["httpOnly"]
    address = upload(page, site)
    shown = page.request.get(address)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "x-accel-redirect" not in shown.headers
    assert page.request.get(address, headers={"Range": "bytes=0-3"}).body() == b"\x89PNG"
    assert site.ask("GET", address.removeprefix(site.url), allow_redirects=False).status_code in (302, 401)
    (file,) = [path for path in (site.folder / "media").rglob("*") if path.is_file()][:1]
    assert site.ask("GET", f"/_media/{file.relative_to(site.folder / 'media')}").status_code == 404


def upload(page: Page, site: Site) -> str:
    picture = io.BytesIO()
    Image.new("RGB", (1200, 900), "teal").save(picture, "PNG")
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    answer = page.request.post(
        f"{site.url}/media",
        headers={"X-CSRFToken": token or "", "Referer": site.url},
        multipart={"file": {"name": "foto.png", "mimeType": "image/png", "buffer": picture.getvalue()}},
    )
    assert answer.status == 201, answer.text()
    return site.url + answer.json()["url"]


def test_limits_headers_and_addresses(site: Site):
    secure = site.ask("GET", "/login", headers={"Accept-Encoding": "gzip"})
    assert secure.headers["Content-Encoding"] == "gzip"
    assert "max-age=63072000" in secure.headers["Strict-Transport-Security"]
    assert "default-src 'self'" in secure.headers["Content-Security-Policy"]
    assert secure.headers["Server"] == "nginx"
    large = b"x" * (4 * 1024 * 1024)
    assert site.ask("POST", "/login", data=large).status_code == 413
    assert site.ask("POST", f"/webhooks/evolution/{os.urandom(16).hex()}", data=large).status_code == 401
    moved = behind_nginx.requests.get(f"{site.plain_url}/contacts?page=2", allow_redirects=False, timeout=20)
    assert (moved.status_code, moved.headers["Location"]) == (301, "https://localhost/contacts?page=2")


def test_files_of_a_build_come_from_the_disk_or_else_from_the_application(site: Site):
    page = site.ask("GET", "/login").text
    sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
    first = site.ask("GET", sheet)
    assert first.status_code == 200
    published = site.folder / sheet.lstrip("/")
    published.parent.mkdir(parents=True)
    for path in (published, published.with_name(published.name + ".gz")):
        path.write_bytes(b"" if path.suffix == ".gz" else b"body{}")
        path.chmod(0o644)
    for path in [Path(folder) for folder, _folders, _files in os.walk(site.folder / "assets")]:
        path.chmod(0o755)
    second = site.ask("GET", sheet, headers={"Accept-Encoding": ""})
    assert second.content == b"body{}"
    assert "immutable" in second.headers["Cache-Control"]


def test_a_restart_of_a_web_process_refuses_no_request(site: Site):
    """Its socket is systemd's: what arrives meanwhile waits for the successor."""
    stop, answers = threading.Event(), []

    def keep_asking() -> None:
        """As a new browser each time, so that each of the three is asked."""
        while not stop.is_set():
            cookies = {"recado_route": os.urandom(8).hex()}
            answers.append(site.ask("POST", "/api/v1/auth/login", json={}, cookies=cookies).status_code)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(keep_asking) for _ in range(2)]
        try:
            site.webs[0].stop()
            site.webs[0].start()
            before = len(answers)
            while len(answers) < before + 30 and not any(one.done() for one in asking):
                stop.wait(0.1)
        finally:
            stop.set()
        for one in asking:
            one.result()
    assert set(answers) <= {422, 429}, set(answers)
    assert site.ask("GET", "/healthz").ok
