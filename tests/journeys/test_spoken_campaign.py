"""A campaign that speaks, from the wizard to a voice note that plays on the pretend phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from app.speech.audio import decode, is_silent
from tests.browsers import visiting
from tests.journeys import walk
from tests.journeys.stack import Stack

pytestmark = pytest.mark.browser

OWNER = "dona@radio.com.br"
GROUP = "Ouvintes"
MESSAGE = "Olá {primeiro_nome}, aqui é da Padaria do Zé. Seu pedido de R$ 34,90 fica pronto às 14h30."
SHEET = "Nome;Telefone\nMaria Souza;11987650101\nJoão Lima;11987650102\nAna Prado;11987650103\n"


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    with visiting(browser) as page:
        stack.company("Rádio da Vila", OWNER)
        walk.sign_in(page, stack, OWNER)
        yield page


def test_from_the_wizard_to_a_voice_note_on_the_phone(page: Page, stack: Stack, tmp_path: Path):
    number = walk.connect_number(page, stack, "Loja que fala")
    campaign = import_people(page, stack, tmp_path)
    page.goto(stack.url + campaign)
    write(page)
    walk.go_on(page)
    at_once(page)
    review(page)
    launch(page)
    expect(page.locator("#progress .pill").first).to_have_text("Concluída")
    expect(page.locator("#progress")).to_contain_text("3 de 3 preparados")
    listen_on_the_phone(page, stack, number)


def import_people(page: Page, stack: Stack, folder: Path) -> str:
    """The address of a new campaign to three people."""
    sheet = folder / "ouvintes.csv"
    sheet.write_text(SHEET)
    page.goto(f"{stack.url}/contacts/import")
    page.locator("input[type=file]").set_input_files(sheet)
    page.wait_for_url("**step=columns*")
    page.get_by_role("button", name="Conferir a planilha").click()
    page.get_by_label("Pôr todos num grupo novo").fill(GROUP)
    page.get_by_role("button", name=re.compile(r"^Importar .* contatos")).click()
    found = page.get_by_role("link", name="Criar campanha para eles")
    expect(found).to_be_visible()
    return str(found.get_attribute("href"))


def write(page: Page) -> None:
    """The text, the voice, and how it sounds before anybody else hears it."""
    page.get_by_label("Nome da campanha").fill("Pedido pronto, falado")
    walk.go_on(page)
    page.get_by_label("Mensagem", exact=True).fill(MESSAGE)
    page.get_by_label("Voz", exact=True).select_option(label="Voz embutida")
    expect(page.locator("#bubbles")).to_contain_text("Mensagem de voz")
    page.get_by_role("button", name="Ouvir o texto").click()
    plays(page.locator("#listen audio"))


def plays(player: Locator) -> None:
    """The browser reads the file and time passes in it; muted, because nobody has clicked."""
    expect(player).to_be_visible()
    walk.hears(player, lambda: player.evaluate("one => { one.muted = true; one.play().catch(() => {}) }"))
    player.evaluate("one => one.pause()")


def at_once(page: Page) -> None:
    page.get_by_text("Um ritmo só para esta campanha").click()
    for label in ("Intervalo mínimo", "Intervalo máximo", "Pausa entre lotes"):
        page.get_by_label(label).fill("0")
    walk.go_on(page)


def review(page: Page) -> None:
    """Both ways and their cost; anybody's own audio."""
    costs = page.locator("#voice-estimate")
    expect(costs).to_contain_text("Em partes")
    expect(costs).to_contain_text("3 textos diferentes")
    row = page.locator(".preview-row").filter(has_text="João")
    row.get_by_role("button", name="Ouvir").click()
    plays(row.locator("audio"))


def launch(page: Page) -> None:
    page.locator("#typed").fill("3")
    page.get_by_role("button", name="Enviar para 3 pessoas").click()
    expect(page.locator("#progress")).to_contain_text("Áudios")


def listen_on_the_phone(page: Page, stack: Stack, number: str) -> None:
    """It came as a voice note, it can be heard there, and it is sound."""
    rows = stack.ledger(number)
    assert len(rows) == 3
    phone = page.context.new_page()
    phone.goto(f"{stack.simulator}/_sim/phone/{number}/chat/{rows[0]['to']}")
    player = phone.locator(".bubble__audio audio").last
    plays(player)
    file = requests.get(stack.simulator + str(player.get_attribute("src")), timeout=20)
    sound = decode(file.content)
    assert file.content.startswith(b"OggS")
    assert not is_silent(sound)
    assert 3 < sound.seconds < 20
    phone.close()
