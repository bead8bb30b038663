"""The inbox in a real browser: fixtures for its tests, and how they find their way in the list."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.core import clock
from app.core.context import acting
from app.core.db import release, transaction
from app.core.facts import emit
from app.inbox.models import Ticket
from tests.browsers import visiting
from tests.factories import PASSWORD, Company
from tests.inbox.customers import said

# What a page would show and sound, written down instead; and a window that can look away.
EARS = """
  window.heard = []; window.away = false;
  Object.defineProperty(document, "hidden", { get: () => window.away });
  window.Notification = class {
    constructor(title, options) { window.heard.push([title, options.body]); }
    static permission = "granted";
    static requestPermission = async () => "granted";
  };
"""


@pytest.fixture
def visit(browser: Browser, url: str, company: Company) -> Iterator[Callable[..., Page]]:
    """`visit("/inbox", "agent")`: that page, signed in."""
    with visiting(browser, bypass_csp=True) as page:  # axe brings styles of its own

        def go(path: str, role: str = "manager") -> Page:
            page.goto(f"{url}/login")
            page.get_by_label("E-mail").fill(company.emails[role])
            page.get_by_label("Senha").fill(PASSWORD)
            page.get_by_label("Senha").press("Enter")
            page.wait_for_url(lambda address: "/login" not in address)
            page.goto(url + path)
            ready(page)
            return page

        yield go


@pytest.fixture
def crowd(ticket: Callable[..., uuid.UUID]) -> Callable[..., list[uuid.UUID]]:
    """So many open conversations, the newest first: "Pessoa 000", "Pessoa 001"…"""

    def make(count: int, **fields: object) -> list[uuid.UUID]:
        now = clock.now()
        return [ticket(f"Pessoa {n:03d}", last_message_at=now - timedelta(minutes=n), **fields) for n in range(count)]

    return make


@pytest.fixture
def writes(company: Company) -> Callable[[uuid.UUID, str], None]:
    """A customer does, in a conversation that is open."""

    def write(ticket_id: uuid.UUID, words: str) -> None:
        with acting(company.system), transaction() as session:
            row = session.get(Ticket, ticket_id)
            message = said(row, words)
            session.add(message)
            session.flush()
            row.last_message_id, row.last_message_at, row.last_inbound_at = message.id, clock.now(), clock.now()
            row.unread_count += 1
            emit("message.received", message_id=message.id, ticket_id=row.id, instance_id=row.instance_id)
        release()

    return write


def ready(page: Page) -> None:
    """Live, and listening to the keyboard."""
    expect(page.locator(".live-line")).to_have_text("Ao vivo")
    page.wait_for_function("document.querySelector('.inbox').inbox")


def row(page: Page, name: str) -> Locator:
    return page.locator(".ticket").filter(has_text=name)


def scroll(page: Page, top: int) -> None:
    page.locator("[data-list]").evaluate("(box, top) => { box.scrollTop = top; }", top)


def known(page: Page) -> int:
    """How many rows the page has been told of; far fewer are in it."""
    return int(page.evaluate("document.querySelector('.inbox').inbox.list.rows.size"))


def top_of(page: Page, name: str) -> float:
    box = row(page, name).bounding_box()
    assert box is not None
    return round(box["y"])
