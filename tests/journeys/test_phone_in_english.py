"""The same job on a phone, in English, in the dark, and by keyboard where a keyboard is at hand."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import visiting
from tests.journeys import looks
from tests.journeys.stack import PASSWORD, Stack

pytestmark = pytest.mark.browser

EMAIL = "mary@bakery.com"
SHEET = "Name;Phone;Plan\nMary Smith;11987650001;Gold\nJOHN BROWN;1187650002;Silver\nNobody;ask;Gold\n"
WIDTH = 390
PAGES = (
    "/", "/contacts", "/contacts/new", "/contacts/groups", "/contacts/tags", "/contacts/import", "/lists", "/lists/new",
    "/campaigns", "/campaigns/new", "/templates/new", "/instances", "/settings/profile", "/settings/tokens",
    "/settings/dead-letters", "/nowhere",
)  # fmt: skip


@pytest.fixture(scope="module")
def bakery(stack: Stack) -> str:
    return stack.company("Corner Bakery", EMAIL)


@pytest.fixture
def page(browser: Browser, stack: Stack, bakery: str) -> Iterator[Page]:
    """Signed in by keyboard alone, in a browser that asks for English and darkness."""
    with visiting(browser, color_scheme="dark", locale="en-GB") as page:
        page.set_viewport_size({"width": WIDTH, "height": 844})
        page.goto(stack.url)
        expect(page.get_by_label("E-mail")).to_be_focused()
        assert looks.faults(page) == {}
        page.keyboard.type(EMAIL)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile("menu"))).to_be_visible()
        choose_english(page)
        yield page


def choose_english(page: Page) -> None:
    """A person's own language wins over the browser's from the first sign-in on."""
    if page.locator("html").get_attribute("lang") == "en":
        return
    page.locator("[data-open-menu]").click()
    page.locator(".user-menu__button").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_whole_job_on_a_phone(page: Page, stack: Stack, tmp_path: Path):
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert looks.faults(page) == {}
    the_menu_works_by_keyboard(page)
    import_a_sheet(page, tmp_path)
    connect(page, stack)
    send_a_campaign(page)


def the_menu_works_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    menu = page.locator("[data-open-menu]")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sidebar")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).to_be_hidden()
    expect(menu).to_be_focused()


def import_a_sheet(page: Page, folder: Path) -> None:
    sheet = folder / "customers.csv"
    sheet.write_text(SHEET)
    page.get_by_role("link", name="Import spreadsheet").click()
    assert looks.faults(page) == {}
    page.locator("input[type=file]").set_input_files(sheet)
    check_button = page.get_by_role("button", name="Check the spreadsheet")
    check_button.wait_for()
    assert looks.faults(page) == {}
    check_button.click()
    page.get_by_role("heading", name="Needs you").wait_for()
    assert looks.faults(page) == {}
    page.get_by_label("Put everyone in a new group").fill("Customers")
    page.get_by_role("button", name="Import 2 contacts").click()
    page.get_by_role("link", name="Download the result spreadsheet").wait_for()
    assert looks.faults(page) == {}


def connect(page: Page, stack: Stack) -> None:
    campaign = page.get_by_role("link", name="Create a campaign for them").get_attribute("href")
    page.goto(f"{stack.url}/instances/new")
    assert looks.faults(page) == {}
    page.get_by_label("Name", exact=True).fill("Downtown")
    page.keyboard.press("Enter")
    page.get_by_alt_text("QR code to connect this number").wait_for()
    assert looks.faults(page) == {}
    stack.play("POST", "scan-all")
    page.wait_for_url(re.compile(r"/instances/[0-9a-f-]+$"))
    assert looks.faults(page) == {}
    page.goto(f"{stack.url}{campaign}")


def send_a_campaign(page: Page) -> None:
    assert looks.faults(page) == {}
    page.get_by_label("Campaign name").fill("Good news")
    go_on(page)
    page.get_by_label("Message", exact=True).fill("Hi {primeiro_nome|there}, your {plan} plan is ready.")
    expect(page.locator("#bubbles .bubble__text").first).to_contain_text("plan is ready")
    assert looks.faults(page) == {}
    go_on(page)
    assert looks.faults(page) == {}
    go_on(page)
    expect(page.locator(".preview-row__text").first).to_contain_text("plan is ready")
    assert looks.faults(page) == {}
    page.locator("#typed").fill("2")
    page.get_by_role("button", name="Send to 2 people").click()
    expect(page.locator("#progress .pill").first).to_have_text("Completed")
    expect(page.locator("#ledger")).to_have_text(re.compile(r"0\s+duplicated · 0\s+lost · 0\s+to verify"))
    assert looks.faults(page) == {}


def go_on(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Continue", exact=True).click()


def test_every_page_keeps_the_rules(page: Page, stack: Stack):
    found = {}
    for path in PAGES:
        page.goto(stack.url + path)
        found[path] = looks.faults(page)
    assert {path: faults for path, faults in found.items() if faults} == {}
