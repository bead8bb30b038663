"""What a person does in the pages, in their words."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browsers import PATIENCE
from tests.journeys.stack import PASSWORD, Stack


def sign_in(page: Page, stack: Stack, email: str) -> None:
    page.goto(stack.url)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.locator(".live-line")).to_have_text("Ao vivo")


def becomes(place: Locator, truth: str) -> None:
    """Until that holds of the element there, whichever it then is: pages draw their rows again."""
    end = time.monotonic() + PATIENCE / 1000
    while not place.evaluate(truth):
        assert time.monotonic() < end, truth
        place.page.wait_for_timeout(100)


def hears(sound: Locator, press: Callable[[], None]) -> None:
    """Somebody presses until time passes in the sound: the element may be drawn again in between."""
    heard = "window.heard ||= event.target.currentTime > 0"
    sound.page.evaluate(f"window.heard = false, addEventListener('timeupdate', (event) => ({heard}), true)")
    end = time.monotonic() + PATIENCE / 1000
    while not sound.page.evaluate("window.heard"):
        assert time.monotonic() < end, "silence"
        if sound.evaluate("one => one.paused"):
            press()
        sound.page.wait_for_timeout(200)


def upload(page: Page, book: Path) -> None:
    """From the first page to the doctor's report."""
    page.get_by_role("link", name="Importar planilha").click()
    page.locator("input[type=file]").set_input_files(book)
    page.wait_for_url("**step=columns*")
    page.get_by_role("button", name="Conferir a planilha").click()
    wait_for_doctor(page)


def wait_for_doctor(page: Page) -> None:
    expect(page.get_by_role("heading", name="Precisa de você")).to_be_visible()


def ailment(page: Page, title: str) -> Locator:
    return page.locator(".ailment").filter(has=page.get_by_role("heading", name=re.compile(f"^{title}")))


def rows_of(ailment: Locator) -> int:
    """The count beside the title; a card that is gone has none."""
    return figure(ailment.locator(".ailment__count")) if ailment.count() else 0


def figure(place: Locator) -> int:
    """The first number in it: 1.887 is 1887."""
    found = re.search(r"\d[\d.]*", place.inner_text())
    assert found, place.inner_text()
    return int(found[0].replace(".", ""))


def stat(page: Page, label: str) -> Locator:
    return page.locator(".stat").filter(has_text=label).locator(".stat__value")


def connect_number(page: Page, stack: Stack, name: str) -> str:
    """Show the QR here, point the pretend phone at it there; the number's name at the gateway."""
    before = stack.numbers()
    page.goto(f"{stack.url}/instances")
    page.get_by_role("link", name="Conectar").first.click()
    page.get_by_label("Nome").fill(name)
    page.get_by_role("button", name="Continuar para o QR code").click()
    expect(page.get_by_alt_text("QR code para conectar este número")).to_be_visible()
    phone = page.context.new_page()
    phone.goto(stack.simulator)
    phone.get_by_role("link").filter(has_text="esperando leitura do QR").click()
    phone.get_by_role("button", name="Escanear").click()
    expect(page.get_by_text("Número conectado!")).to_be_visible()
    phone.close()
    (number,) = stack.numbers() - before
    return number


def go_on(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Continuar", exact=True).click()
