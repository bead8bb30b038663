"""A long conversation in a real browser: few rows in the page, nothing jumps, nothing is missing."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.config import Config
from app.core import clock, ids
from app.core.context import acting
from app.core.db import release, transaction
from app.factory import create_app, serve_sockets
from app.inbox.models import Ticket
from tests.browsers import serving, visiting
from tests.factories import PASSWORD, Company
from tests.inbox.customers import said

pytestmark = pytest.mark.browser

COUNT = 700
MOST = 320  # rows that the page may hold, with separators and a page that just came

# What stands first in sight, and where; asked before and after older ones came.
_ANCHOR = """() => {
  const box = document.querySelector("[data-thread]"), edge = box.getBoundingClientRect().top;
  const row = [...box.querySelectorAll(".msg")].find((one) => one.getBoundingClientRect().bottom > edge);
  return [row.id, row.getBoundingClientRect().top - edge];
}"""
_TOP_OF = """(id) => document.getElementById(id).getBoundingClientRect().top
  - document.querySelector("[data-thread]").getBoundingClientRect().top"""
_ALL = """() => {
  const { rows } = document.querySelector("[data-module=inbox]").inbox.thread;
  return [...rows.above, ...rows.items.children, ...rows.below].map((row) => row.querySelector("[data-text]")?.textContent)
    .filter(Boolean);
}"""


@pytest.fixture
def long_talk(company: Company, ticket) -> uuid.UUID:
    mine, now = ticket("Maria Souza", "mensagem 0000"), clock.now()
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, mine)
        row.unread_count = 0
        start = now + timedelta(seconds=1)
        times = [start + timedelta(milliseconds=n) for n in range(1, COUNT)]
        words = (" e mais um pouco de conversa" * (n % 5) for n in range(1, COUNT))
        session.add_all(
            said(row, f"mensagem {n:04d}{more}", id=ids.new_id(at), thread_at=at)
            for n, (at, more) in enumerate(zip(times, words, strict=True), start=1)
        )
    release()
    return mine


@pytest.fixture
def page(browser: Browser, config: Config, company: Company, long_talk: uuid.UUID) -> Iterator[Page]:
    web = create_app(config)
    serve_sockets(web, async_mode="threading")
    with serving(web) as url, visiting(browser) as page:
        page.goto(f"{url}/login")
        page.get_by_label("E-mail").fill(company.emails["manager"])
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_label("Senha").press("Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        page.goto(f"{url}/inbox/{long_talk}")
        expect(page.get_by_text(f"mensagem {COUNT - 1:04d}").last).to_be_in_viewport()
        yield page


def rows(page: Page) -> int:
    return page.locator("[data-items] > li").count()


# Once more if what the page loaded meanwhile brought it to its end.
_BACK = """id => {
  if (document.querySelector('[data-items] > .msg').id !== id) return true;
  document.querySelector('[data-thread]').scrollTop = 60;
}"""


def scroll_back(page: Page) -> None:
    """To the upper edge, until what came before is there."""
    first = page.locator("[data-items] > .msg").first.get_attribute("id")
    page.wait_for_function(_BACK, arg=first)


def test_scrolling_back_shows_everything_and_moves_nothing(page: Page):
    box = page.locator("[data-thread]")
    while page.evaluate(_ALL)[0] != "mensagem 0000":
        box.evaluate("box => { box.scrollTop = 900; }")
        anchor, _top = page.evaluate(_ANCHOR)
        scroll_back(page)
        assert page.locator(f"#{anchor}").count() == 1
        assert rows(page) <= MOST
    said_all = [words.split(" e ")[0] for words in page.evaluate(_ALL)]
    assert said_all == [f"mensagem {n:04d}" for n in range(COUNT)]

    page.get_by_role("button", name="Ir para o fim").click()
    expect(page.get_by_text(f"mensagem {COUNT - 1:04d}").last).to_be_in_viewport()
    assert rows(page) <= MOST


def test_what_one_reads_stays_where_it_is(page: Page):
    scroll_back(page)
    page.locator("[data-thread]").evaluate("box => { box.scrollTop = 720; }")
    anchor, top = page.evaluate(_ANCHOR)
    page.evaluate("() => document.querySelector('[data-module=inbox]').inbox.thread.back()")
    assert abs(page.evaluate(_TOP_OF, anchor) - top) < 2


def test_a_word_that_comes_while_one_reads_old_ones_waits_at_the_end(
    page: Page, company: Company, long_talk: uuid.UUID
):
    for _ in range(5):
        scroll_back(page)
    anchor, top = page.evaluate(_ANCHOR)
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, long_talk)
        late = clock.now() + timedelta(seconds=3)
        session.add(said(row, "Ainda está aí?", id=ids.new_id(late), thread_at=late))
    release()
    page.evaluate("() => document.querySelector('[data-module=inbox]').inbox.thread.load()")
    expect(page.locator("[data-new-count]")).to_have_text("1")
    assert abs(page.evaluate(_TOP_OF, anchor) - top) < 2
    page.get_by_role("button", name="Ir para o fim").click()
    expect(page.get_by_text("Ainda está aí?").last).to_be_in_viewport()
