"""What an attendant writes leaves once, whatever the connection does, and is never lost."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.shop import Shop, accept, bubble, row, say, until
from tests.media.samples import picture

pytestmark = pytest.mark.browser


def box(page: Page):
    return page.get_by_role("textbox", name="Mensagem", exact=True)


def times(shop: Shop, phone: str, text: str) -> int:
    return shop.received(phone).count(("conversation", text))


def test_a_cut_connection_sends_once_when_it_is_back(shop: Shop, bia: Page):
    phone = "5511970030001"
    shop.writes(phone, "Tem pão?", name="Olga Dias")
    accept(bia, "Olga Dias")
    bia.context.set_offline(True)
    say(bia, "Tem, quentinho")
    pending = bia.locator("[data-pending]").filter(has_text="Tem, quentinho")
    expect(pending).to_contain_text("Sem conexão")
    expect(box(bia)).to_have_value("")
    bia.context.set_offline(False)
    expect(bubble(bia, "Tem, quentinho")).to_have_count(1)
    expect(pending).to_have_count(0)
    until(lambda: times(shop, phone, "Tem, quentinho"))
    say(bia, "Quantos?")
    until(lambda: times(shop, phone, "Quantos?"))  # whatever else was on its way has left before it
    assert times(shop, phone, "Tem, quentinho") == 1


def test_an_answer_that_was_lost_on_its_way_back_sends_once(shop: Shop, bia: Page):
    phone = "5511970030002"
    shop.writes(phone, "Oi", name="Pia Nunes")
    accept(bia, "Pia Nunes")
    lost = []

    def lose_the_first(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch())  # the server has it
        return route.abort()

    bia.route("**/reply", lose_the_first)
    say(bia, "Só uma vez")
    expect(bubble(bia, "Só uma vez")).to_have_count(1)
    expect(bia.locator("[data-pending]")).to_have_count(0)
    assert lost[0].status == 201
    bia.unroute("**/reply")  # routes are served only while the driver is waited for, which `until` doesn't
    box(bia).fill("Clicada duas vezes")
    bia.get_by_role("button", name="Enviar", exact=True).dblclick()
    until(lambda: times(shop, phone, "Clicada duas vezes"))
    say(bia, "Fim")
    until(lambda: times(shop, phone, "Fim"))
    assert times(shop, phone, "Só uma vez") == times(shop, phone, "Clicada duas vezes") == 1


def test_what_one_began_to_write_is_there_again(shop: Shop, bia: Page):
    shop.writes("5511970030003", "Um", name="Ari Campos")
    shop.writes("5511970030004", "Dois", name="Bel Farias")
    accept(bia, "Ari Campos")
    accept(bia, "Bel Farias")
    bia.get_by_role("link", name="Minhas").click()
    box(bia).fill("Ainda pensando")
    row(bia, "Ari Campos").get_by_role("link").click()
    expect(bubble(bia, "Um")).to_be_visible()
    expect(box(bia)).to_have_value("")
    row(bia, "Bel Farias").get_by_role("link").click()
    expect(bubble(bia, "Dois")).to_be_visible()
    expect(box(bia)).to_have_value("Ainda pensando")
    with bia.expect_response("**/draft"):
        box(bia).fill("Ainda pensando muito")
    bia.reload()
    expect(box(bia)).to_have_value("Ainda pensando muito")
    box(bia).fill("x" * 4100)
    box(bia).press("Enter")
    expect(bia.get_by_text("corte 4.")).to_be_visible()
    expect(box(bia)).to_have_value("x" * 4100)


def test_a_message_for_later_is_listed_changed_and_cancelled(shop: Shop, bia: Page):
    phone = "5511970030005"
    shop.writes(phone, "Me lembre amanhã", name="Caê Prado")
    accept(bia, "Caê Prado")
    box(bia).fill("Bom dia! Lembrete")
    bia.get_by_role("button", name="Enviar mais tarde").click()
    dialog = bia.get_by_role("dialog", name="Enviar mais tarde")
    dialog.get_by_role("button", name="Agendar").click()
    waiting = bia.locator(".talk-later")
    expect(waiting).to_contain_text("1 mensagem agendada")
    expect(bubble(bia, "Lembrete")).to_have_count(0)
    waiting.locator("summary").click()
    waiting.get_by_role("button", name="Mudar").click()
    dialog.get_by_role("textbox", name="Mensagem").fill("Boa tarde! Outro lembrete")
    dialog.get_by_role("button", name="Agendar").click()
    expect(waiting).to_contain_text("Outro lembrete")
    waiting.get_by_role("button", name="Cancelar envio").click()
    expect(waiting).to_have_count(0)
    say(bia, "Fica para depois")
    until(lambda: times(shop, phone, "Fica para depois"))
    assert not any("embrete" in text for _kind, text in shop.received(phone))


def test_a_quick_reply_knows_the_customer(shop: Shop, bia: Page):
    phone = "5511970030006"
    shop.writes(phone, "Quanto custa?", name="Duda Reis")
    bia.goto(f"{shop.stack.url}/settings/quick-replies")
    bia.get_by_role("link", name="Nova resposta").click()
    bia.get_by_role("textbox", name="Atalho").fill("preco")
    bia.get_by_role("textbox", name="Texto").fill("{primeiro_nome}, a fatia custa R$ 12.")
    bia.locator(".file-picker__input").set_input_files(
        {"name": "bolo.png", "mimeType": "image/png", "buffer": picture()}
    )
    expect(bia.get_by_role("link", name="bolo.png")).to_be_visible()
    bia.get_by_role("button", name="Salvar").click()
    expect(bia.get_by_role("cell", name="/preco", exact=True)).to_be_visible()
    bia.goto(f"{shop.stack.url}/inbox?tab=waiting")
    accept(bia, "Duda Reis")
    box(bia).press_sequentially("/pre")
    expect(bia.get_by_role("option", name=re.compile("preco"))).to_be_visible()
    box(bia).press("Enter")
    expect(box(bia)).to_have_value("Duda, a fatia custa R$ 12.")
    expect(bia.locator("[data-files]")).to_contain_text("bolo.png")
    box(bia).press("Enter")
    until(lambda: ("imageMessage", "Duda, a fatia custa R$ 12.") in shop.received(phone))


def test_a_refused_message_says_why_and_goes_again(shop: Shop, bia: Page):
    phone = "5511970030007"
    shop.writes(phone, "Ainda abertos?", name="Edu Pires")
    accept(bia, "Edu Pires")
    say(bia, "Primeira")
    until(lambda: times(shop, phone, "Primeira"))
    shop.stack.play("POST", "faults", kind="error_ack", instance=shop.number, count=1)
    say(bia, "Até as oito")
    refused = bubble(bia, "Até as oito")
    expect(refused.get_by_role("alert")).to_be_visible()
    refused.get_by_role("button", name="Tentar de novo").click()
    # It was accepted before it was refused: the customer may have it.
    bia.get_by_role("dialog").get_by_role("button", name="Tentar de novo").click()
    expect(refused.get_by_role("alert")).to_have_count(0)
    until(lambda: times(shop, phone, "Até as oito") >= 2)
