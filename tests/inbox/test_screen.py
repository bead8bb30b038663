"""The list in a real browser: long ones, the keyboard, filters, hits, many at once."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from app.core import clock
from app.core.context import acting
from app.core.db import release, transaction
from app.inbox.models import Ticket
from tests.inbox.customers import said
from tests.inbox.screens import known, row, scroll, top_of

pytestmark = pytest.mark.browser


def test_only_the_rows_near_the_window_are_in_the_page(visit, crowd):
    crowd(230)
    page = visit("/inbox?tab=all")
    expect(row(page, "Pessoa 000")).to_be_visible()
    most = 0
    for place in range(0, 40_000, 900):
        scroll(page, place)
        most = max(most, page.locator(".ticket").count())
    page.wait_for_function("document.querySelector('.inbox').inbox.list.rows.size === 230")
    scroll(page, 1_000_000)
    expect(row(page, "Pessoa 229")).to_be_in_viewport()
    expect(row(page, "Pessoa 000")).to_have_count(0)
    assert max(most, page.locator(".ticket").count()) < 90
    scroll(page, 0)
    expect(row(page, "Pessoa 000")).to_be_in_viewport()
    assert known(page) == 230


def test_news_at_the_top_move_nothing_below_ones_eyes(visit, crowd, writes):
    tickets = crowd(120)
    page = visit("/inbox?tab=all")
    page.wait_for_function("document.querySelector('.inbox').inbox.list.rows.size === 120")
    scroll(page, 4_000)
    expect(row(page, "Pessoa 048")).to_be_in_viewport()
    before = top_of(page, "Pessoa 048")
    writes(tickets[119], "Voltei")
    first = "document.querySelector('.inbox').inbox.list.rows.all[0].html.includes('Voltei')"
    page.wait_for_function(first)
    assert top_of(page, "Pessoa 048") == before
    scroll(page, 0)
    expect(row(page, "Pessoa 119")).to_contain_text("Voltei")
    assert known(page) == 120


def test_the_keyboard_walks_the_list_and_answers(visit, crowd):
    crowd(4)
    page = visit("/inbox?tab=all")
    for name in ("Pessoa 000", "Pessoa 001", "Pessoa 002"):
        page.keyboard.press("j")
        expect(page.locator(".talk-head__name")).to_have_text(name)
    page.keyboard.press("k")
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    page.keyboard.press("r")
    box = page.get_by_role("textbox", name="Mensagem")
    expect(box).to_be_focused()
    page.keyboard.type("jjj")
    expect(box).to_have_value("jjj")
    page.keyboard.press("Alt+j")
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 002")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator(".talk-head__detail")).to_contain_text("Com você")
    page.keyboard.press("Shift+E")
    expect(page.locator(".talk-head__name")).to_have_text(re.compile("Pessoa 00[013]"))
    expect(row(page, "Pessoa 002")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Atalhos das conversas")).to_be_visible()


def test_filters_change_the_list_and_leave_the_conversation_open(visit, crowd, ticket, queue):
    queue_id = queue("Vendas")
    crowd(3)
    ticket("Rita Prado", queue_id=queue_id, unread_count=0)
    page = visit("/inbox?tab=all")
    row(page, "Pessoa 001").get_by_role("link").click()
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    page.get_by_role("button", name="Filtros").click()
    page.get_by_label("Fila").select_option(label="Vendas")
    page.get_by_role("button", name="Filtrar", exact=True).click()
    expect(page.locator(".ticket__name")).to_have_text(["Rita Prado"])
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    page.get_by_role("button", name="Salvar filtro").click()
    page.get_by_label("Nome", exact=True).fill("Só vendas")
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_role("link", name="Tirar filtro Fila: Vendas").click()
    expect(page.locator(".ticket")).to_have_count(4)
    page.get_by_role("searchbox").fill("Pessoa 002")
    expect(page.locator(".ticket__name")).to_have_text(["Pessoa 002"])
    page.get_by_role("link", name="Só vendas").click()
    expect(page.locator(".ticket__name")).to_have_text(["Rita Prado"])
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    page.get_by_role("button", name="Esquecer o filtro Só vendas").click()
    expect(page.get_by_role("link", name="Só vendas")).to_have_count(0)


def test_a_hit_in_the_words_opens_at_the_message(visit, company, ticket):
    ticket_id = ticket("Rita Prado", "A encomenda é de brigadeiro")
    with acting(company.system), transaction() as session:
        found = session.get(Ticket, ticket_id)
        session.add_all(
            said(found, f"Conversa {n}", thread_at=clock.now() + timedelta(seconds=n)) for n in range(1, 90)
        )
    release()
    page = visit("/inbox?tab=all")
    page.get_by_role("searchbox").fill("brigadeiro")
    expect(page.locator("mark")).to_have_text("brigadeiro")
    page.keyboard.press("Enter")
    expect(page.locator(".msg").filter(has_text="A encomenda é de brigadeiro")).to_be_in_viewport()


def test_many_at_once(visit, crowd):
    crowd(6)
    page = visit("/inbox?tab=all")
    page.get_by_role("button", name="Mais opções da lista").click()
    page.get_by_role("button", name="Selecionar várias").click()
    page.get_by_label("Selecionar Pessoa 001").click()
    page.get_by_label("Selecionar Pessoa 003").click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-words]")).to_have_text("3 selecionadas")
    page.get_by_label("O que fazer com as selecionadas").select_option(label="Urgente")
    page.get_by_role("button", name="Aplicar").click()
    expect(page.locator(".ticket").filter(has_text="Urgente")).to_have_count(3)
    expect(page.get_by_role("button", name="Aplicar")).to_be_hidden()


def test_a_button_that_was_pressed_never_keeps_its_word_over_another_action(visit, crowd):
    """The page is drawn again under the pressed button, which still has the focus."""
    crowd(1)
    page = visit("/inbox?tab=waiting", "agent")
    row(page, "Pessoa 000").get_by_role("link").click()
    page.locator(".talk-head").get_by_role("button", name="Aceitar").click()
    expect(page.locator(".talk-head__detail")).to_contain_text("Com você")
    closing = page.locator(".talk-head form[action$='/close']").first
    expect(closing.get_by_role("button")).to_have_text("Encerrar")
    expect(page.locator(".talk-head").get_by_role("button", name="Aceitar")).to_have_count(0)
    if not page.locator(".inbox.has-panel").count():
        page.locator(".talk-head__who").click()
    page.locator("#part-consent summary").click()
    page.get_by_role("button", name="Registrar aceite").click()
    page.get_by_role("dialog").get_by_role("button", name="Registrar aceite").click()
    expect(page.locator("#part-consent").get_by_role("button")).to_have_text(["Registrar saída"])
