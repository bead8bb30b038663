"""What calls an attendant who looks elsewhere, and reminds who is away."""

import re

import pytest
from playwright.sync_api import expect

from tests.inbox.screens import EARS, ready

pytestmark = pytest.mark.browser


def test_a_customer_is_heard_when_one_looks_away(visit, crowd, writes, company):
    mine = crowd(2, status="open", user_id=company.users["agent"], unread_count=0)
    others = crowd(1, status="open", user_id=company.users["manager"], unread_count=0)
    page = visit("/inbox", "agent")
    page.add_init_script(EARS)
    page.reload()
    ready(page)
    page.get_by_role("button", name="Mais opções da lista").click()
    page.get_by_role("button", name="Avisos desligados").click()
    page.evaluate("window.away = true")
    writes(others[0], "Não é com você")
    writes(mine[1], "Alguém?")
    page.wait_for_function("heard.length === 1")
    assert page.evaluate("heard") == [["Pessoa 001", "Nova mensagem para você"]]
    expect(page).to_have_title(re.compile(r"^\(1\) "))


def test_who_is_away_is_reminded_of_it(visit):
    page = visit("/inbox", "agent")
    page.get_by_role("button", name="Mais opções da lista").click()
    page.get_by_role("button", name="Ausente").click()
    expect(page.get_by_text("Você está ausente")).to_be_visible()
    page.reload()
    ready(page)
    page.get_by_role("button", name="Mais opções da lista").click()
    page.get_by_role("button", name="Quem está aqui").click()
    expect(page.locator(".team__one").filter(has_text="Agent")).to_contain_text("Ausente")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Voltar", exact=True).click()
    expect(page.get_by_text("Você está ausente")).to_be_hidden()
