"""The first page in a browser: a fact in the company's transaction changes what is on the screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core import facts
from app.core.context import acting
from app.core.db import transaction
from app.dashboard import queries
from app.messages.models import DailyMetric
from tests.browsers import visiting
from tests.dashboard.conftest import Desk
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser
ZONE = "America/Sao_Paulo"


@pytest.fixture
def page(browser: Browser, url: str, desk: Desk) -> Iterator[Page]:
    with visiting(browser) as page:
        page.goto(f"{url}/login")
        page.get_by_label("E-mail").fill(desk.company.emails["admin"])
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_label("Senha").press("Enter")
        expect(page.locator(".live-line")).to_have_text("Ao vivo")
        yield page


def test_a_receipt_changes_the_figures_without_a_reload(ctx, page: Page, desk: Desk):
    number, today = desk.number(), queries.today(ZONE)
    desk.day(number, today, sent=10, delivered=5)
    desk.campaign("Natal", number, status="completed", started_at=None)
    page.reload()
    expect(page.locator(".stat", has_text="Entregues")).to_contain_text("50%")
    page.evaluate("window.sameDocument = true")
    with acting(desk.company.system), transaction() as session:
        metric = session.get(DailyMetric, {"tenant_id": desk.company.tenant_id, "day": today, "instance_id": number})
        metric.delivered = 9
        facts.notify("message.status", message_id="x")
    expect(page.locator(".stat", has_text="Entregues")).to_contain_text("90%", timeout=10000)
    assert page.evaluate("window.sameDocument") is True


def test_signing_out_in_another_tab_brings_the_page_to_sign_in(page: Page, url: str):
    other = page.context.new_page()
    other.goto(url)
    other.locator(".user-menu__button").click()
    other.get_by_role("button", name="Sair").click()
    other.wait_for_url("**/login")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/login**", timeout=15000)
