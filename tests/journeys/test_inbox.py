"""Two attendants and a customer: who answers, what the other sees, and what the phone gets."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.shop import Shop, bubble, row, say, until

pytestmark = pytest.mark.browser


def test_of_two_who_accept_at_once_one_gets_the_conversation(shop: Shop, bia: Page, caio: Page):
    shop.writes("5511970010001", "Quero um bolo", name="Rita Prado")
    expect(row(bia, "Rita Prado")).to_contain_text("Quero um bolo")
    expect(row(caio, "Rita Prado")).to_be_visible()
    caio.route("**/inbox/list*", lambda route: route.abort())  # his list is a moment behind
    row(bia, "Rita Prado").get_by_role("button", name="Aceitar").click()
    expect(bia.locator(".talk-head")).to_contain_text("Com você")
    row(caio, "Rita Prado").get_by_role("button", name="Aceitar").click()
    expect(caio.locator(".toast-note")).to_contain_text("Bia já está atendendo")
    caio.unroute("**/inbox/list*")
    caio.reload()
    expect(row(caio, "Rita Prado")).to_have_count(0)


def test_a_conversation_from_the_first_word_to_the_rating(shop: Shop, bia: Page, caio: Page, tmp_path: Path):
    phone = "5511970010002"
    shop.writes(phone, "Vocês fazem *brigadeiro*?", name="Davi Mota")
    row(bia, "Davi Mota").get_by_role("link").click()
    expect(bubble(bia, "brigadeiro").locator("strong")).to_have_text("brigadeiro")
    bia.locator(".talk-head").get_by_role("button", name="Aceitar").click()
    say(bia, "Fazemos, sim!")
    expect(bubble(bia, "Fazemos, sim!")).to_be_visible()
    until(lambda: ("conversation", "Fazemos, sim!") in shop.received(phone))

    bia.get_by_role("tab", name="Nota da equipe").click()
    say(bia, "Cliente da casa")
    expect(bia.locator(".msg--note").filter(has_text="Cliente da casa")).to_be_visible()
    bia.get_by_role("tab", name="Responder").click()

    picture = tmp_path / "bolo.png"
    Image.new("RGB", (64, 48), "brown").save(picture)
    bia.locator("[data-file-input]").set_input_files(picture)
    say(bia, "Olhe este")
    until(lambda: ("imageMessage", "Olhe este") in shop.received(phone))
    expect(bubble(bia, "Olhe este").get_by_role("img", name="Olhe este")).to_be_visible()

    bia.get_by_role("button", name="Transferir").click()
    dialog = bia.get_by_role("dialog", name="Transferir a conversa")
    caio_choice = dialog.locator("option").filter(has_text="Caio").get_attribute("value")
    dialog.get_by_role("combobox").select_option(caio_choice)
    dialog.get_by_role("textbox").fill("Ele quer cem")
    dialog.get_by_role("button", name="Transferir").click()
    expect(row(bia, "Davi Mota")).to_have_count(0)

    caio.get_by_role("link", name="Minhas").click()
    row(caio, "Davi Mota").get_by_role("link").click()
    expect(caio.locator(".thread__event").filter(has_text="Bia transferiu para Caio")).to_contain_text("Ele quer cem")
    expect(bubble(caio, "Cliente da casa")).to_be_visible()
    caio.locator(".talk-head").get_by_role("button", name="Encerrar").click()
    expect(caio.get_by_text("Reabrir para responder")).to_be_visible()
    until(lambda: any("de 1 a 5" in text for _kind, text in shop.received(phone)))
    assert not any("Cliente da casa" in text for _kind, text in shop.received(phone))
    shop.writes(phone, "5")
    expect(caio.locator(".thread__event").filter(has_text="nota 5")).to_be_visible()
    caio.get_by_role("button", name="Reabrir para responder").click()
    expect(caio.get_by_role("textbox", name="Mensagem")).to_be_visible()


def test_words_that_could_not_be_sent_stay_and_go_once(shop: Shop, bia: Page):
    phone = "5511970010003"
    shop.writes(phone, "Oi", name="Nina Luz")
    row(bia, "Nina Luz").get_by_role("button", name="Aceitar").click()
    expect(bia.locator(".talk-head")).to_contain_text("Com você")
    bia.route("**/reply", lambda route: route.abort())
    say(bia, "Resposta sem internet")
    expect(bia.get_by_text("Não enviada")).to_be_visible()
    bia.reload()
    pending = bia.locator("[data-pending]").filter(has_text="Resposta sem internet")
    again = pending.get_by_role("button", name="Tentar de novo")  # once the page has tried by itself
    expect(again).to_be_visible()
    bia.unroute("**/reply")
    again.click()
    expect(bubble(bia, "Resposta sem internet")).to_have_count(1)
    until(lambda: ("conversation", "Resposta sem internet") in shop.received(phone))
    assert shop.received(phone).count(("conversation", "Resposta sem internet")) == 1


def test_a_page_without_a_socket_still_hears_of_customers(shop: Shop, bia: Page):
    bia.route("**/socket.io/**", lambda route: route.abort())
    bia.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    bia.reload()
    expect(bia.locator(".live-line")).to_have_text("Reconectando…")
    shop.writes("5511970010004", "Alguém aí?", name="Otto Reis")
    expect(row(bia, "Otto Reis")).to_contain_text("Alguém aí?")
