"""From a messy spreadsheet to delivered messages, as a newcomer does it: every process real, WhatsApp simulated."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.phone import canonical_key
from tests.browsers import visiting
from tests.journeys import walk
from tests.journeys.stack import ADMIN, Stack
from tests.workbooks import messy_rows, write_xlsx

pytestmark = pytest.mark.browser

MESSAGE = "Oi, {primeiro_nome|cliente}! Seu plano {plano} em {cidade} vence em {vencimento}."
GROUP, CAMPAIGN = "Clientes de novembro", "Aviso de vencimento"
ZONE = ZoneInfo("America/Sao_Paulo")
LANDLINE_OR_MOBILE = 1924  # usable rows once the area code is given: 2,000 without 76 that nobody can guess


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    with visiting(browser, accept_downloads=True) as page:
        walk.sign_in(page, stack, ADMIN)
        yield page


def test_from_a_messy_sheet_to_the_result_sheet(page: Page, stack: Stack, tmp_path: Path):
    walk.upload(page, write_xlsx(tmp_path / "clientes.xlsx", messy_rows()))
    repair(page)
    people = import_them(page, tmp_path)
    campaign = page.get_by_role("link", name="Criar campanha para eles").get_attribute("href")
    number = walk.connect_number(page, stack, "Loja Centro")
    page.goto(stack.url + str(campaign))
    write_campaign(page, people)
    review(page, stack, number)
    launch(page, people)
    left = opt_out(page, stack, number)
    finish(page, stack, number, people, left)
    check_result(download_result(page, tmp_path), campaign_ledger(stack, number), people)


def repair(page: Page) -> None:
    """One kind at a stroke, a kind not wanted, one cell by hand."""
    planted = messy_rows().planted
    assert walk.figure(walk.stat(page, "Linhas na planilha")) == 2000
    missing_area = walk.ailment(page, "Falta o DDD")
    assert walk.rows_of(missing_area) == planted["phone_area_missing"]
    missing_area.get_by_label("DDD padrão").fill("11")
    missing_area.get_by_role("button", name="Pôr em todos").click()
    expect(missing_area).to_have_count(0)
    walk.wait_for_doctor(page)
    assert walk.figure(walk.stat(page, "Prontas para importar")) == LANDLINE_OR_MOBILE

    shouting = walk.ailment(page, "Nome em maiúsculas")
    assert walk.rows_of(shouting) == planted["name_capitals"]
    shouting.get_by_role("button", name="Não consertar").click()
    expect(shouting.get_by_role("button", name="Não consertar")).to_have_count(0)
    shouting.get_by_role("button").first.click()
    expect(shouting.get_by_role("button", name="Não consertar")).to_be_visible()

    short = walk.ailment(page, "Telefone curto demais")
    before = walk.rows_of(short)
    short.locator("details").evaluate("details => { details.open = true }")
    row = short.locator(".fix-form").first
    row.get_by_role("textbox").fill("(11) 98888-7777")
    row.get_by_role("button").click()
    expect(short.locator(".ailment__count")).to_have_text(f"{before - 1} linhas")
    expect(walk.stat(page, "Prontas para importar")).to_have_text(words(LANDLINE_OR_MOBILE + 1))


def words(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def import_them(page: Page, folder: Path) -> int:
    """The number of people imported; the sheet with the result says so of every row."""
    page.get_by_label("Pôr todos num grupo novo").fill(GROUP)
    page.get_by_label("Estas pessoas aceitaram receber mensagens").check()
    page.evaluate("window.sameDocument = true")
    page.get_by_role("button", name=re.compile(r"^Importar .* contatos")).click()
    download = page.get_by_role("link", name="Baixar planilha com o resultado")
    expect(download).to_be_visible()
    people = walk.figure(page.locator(".finish__title"))
    with page.expect_download() as saved:
        download.click()
    saved.value.save_as(folder / "importados.xlsx")
    rows = read(folder / "importados.xlsx")
    header = next(number for number, row in enumerate(rows) if "Resultado" in row)
    verdicts = [row[rows[header].index("Resultado")] for row in rows[header + 1 :] if any(row[:9])]
    assert len(verdicts) == 2000
    assert verdicts.count("Contato criado") == people
    return people


def read(path: Path) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True))


def write_campaign(page: Page, people: int) -> None:
    page.get_by_label("Nome da campanha").fill(CAMPAIGN)
    expect(page.get_by_role("checkbox", name=re.compile(GROUP))).to_be_checked()
    walk.go_on(page)
    page.get_by_label("Mensagem", exact=True).fill(MESSAGE)
    expect(page.locator("#bubbles .bubble__text").first).to_contain_text("vence em")
    walk.go_on(page)
    page.get_by_text("Um ritmo só para esta campanha").click()
    page.get_by_label("Intervalo mínimo").fill("0")
    page.get_by_label("Intervalo máximo").fill("0")
    page.get_by_label("Pausa entre lotes").fill("0")
    page.get_by_label("Pausa entre lotes").blur()
    expect(page.locator("#forecast")).to_contain_text("Rápido demais")
    expect(page.locator("#forecast")).to_contain_text(f"{words(people)} pessoas")
    walk.go_on(page)


def review(page: Page, stack: Stack, number: str) -> None:
    """Anybody's text before it leaves, and one message to oneself."""
    page.get_by_placeholder("Buscar por nome ou telefone").fill("98888-7777")
    expect(page.locator(".preview-row")).to_have_count(1)
    expect(page.locator(".preview-row__text")).to_contain_text(re.compile(r"^Oi, .+! Seu plano .+ em .+ vence em"))
    page.get_by_label("Enviar um teste para").fill("(11) 97777-6666")
    page.get_by_role("button", name="Enviar teste").click()
    expect(page.locator("[data-toasts]")).to_contain_text("Teste a caminho")
    wait_for(
        page,
        lambda: [row for row in stack.ledger(number) if canonical_key(row["number"]) == canonical_key("5511977776666")],
    )


def wait_for(page: Page, found: Any, tries: int = 900) -> Any:
    while not (value := found()):
        tries -= 1
        assert tries, "never came"
        page.wait_for_timeout(100)
    return value


def launch(page: Page, people: int) -> None:
    button = page.get_by_role("button", name=f"Enviar para {words(people)} pessoas")
    page.locator("#typed").fill("3")
    button.click()
    expect(page.locator("#launch-form .field__error")).to_be_visible()
    page.locator("#typed").fill(words(people))
    button.click()
    expect(page.locator("#progress")).to_contain_text("Enviando")
    page.evaluate("window.sameDocument = true")


def opt_out(page: Page, stack: Stack, number: str) -> str:
    """While it runs, a person who got it answers SAIR on the pretend phone; their number."""
    reached = wait_for(page, lambda: [row for row in stack.ledger(number) if row["text"].startswith("Oi,")][1:])
    person = reached[0]
    phone = page.context.new_page()
    phone.goto(f"{stack.simulator}/_sim/phone/{number}/chat/{person['to']}")
    phone.locator(".composer__text").fill("Sair!")
    phone.keyboard.press("Enter")
    expect(phone.locator(".bubble--theirs").last).to_contain_text("não vai mais receber")
    phone.close()
    return str(person["number"])


def finish(page: Page, stack: Stack, number: str, people: int, left: str) -> None:
    """Progress and ticks arrive by themselves; the promise is kept; the one who left is marked."""
    expect(page.locator("#progress .pill").first).to_have_text("Concluída")
    wait_for(page, lambda: walk.figure(walk.stat(page, "Entregues")) == people)
    assert walk.figure(walk.stat(page, "Enviadas")) == people
    wait_for(page, lambda: walk.figure(walk.stat(page, "Lidas")) == len(read_by_people(stack, number)) > people // 2)
    assert walk.figure(walk.stat(page, "Respostas")) == 1
    expect(page.locator("#ledger")).to_have_text(re.compile(r"0\s+duplicadas · 0\s+perdidas · 0\s+a verificar"))
    assert page.evaluate("window.sameDocument")
    contacts = page.context.new_page()
    contacts.goto(f"{stack.url}/contacts?q={left[-8:]}")
    contacts.locator("tbody a").first.click()
    expect(contacts.locator("main")).to_contain_text("Pediu para sair")
    contacts.close()


def campaign_ledger(stack: Stack, number: str) -> list[dict[str, Any]]:
    """What left for the phones, but for the answer to the person who opted out."""
    return [row for row in stack.ledger(number) if row["text"].startswith("Oi,")]


def read_by_people(stack: Stack, number: str) -> list[dict[str, Any]]:
    return [row for row in campaign_ledger(stack, number)[1:] if row["status"] == "READ"]


def download_result(page: Page, folder: Path) -> list[dict[str, Any]]:
    page.get_by_role("button", name="Baixar resultado").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Baixar planilha").click()
    saved.value.save_as(folder / "resultado.xlsx")
    titles, *rows = read(folder / "resultado.xlsx")
    return [dict(zip(titles, row, strict=False)) for row in rows]


def check_result(rows: list[dict[str, Any]], sent: list[dict[str, Any]], people: int) -> None:
    """Cell by cell against what left for the phones."""
    test, ledger = sent[0], {canonical_key(row["number"]): row for row in sent[1:]}
    assert canonical_key(test["number"]) == canonical_key("5511977776666")
    assert len(sent) - 1 == len(ledger) == len(rows) == people
    for row in rows:
        truth = ledger.pop(canonical_key(re.sub(r"\D", "", row["Telefone"])))
        assert row["Mensagem"] == truth["text"]
        assert row["plano"] in truth["text"]
        assert (row["Situação"], truth["times"]) == ("Lida" if truth["status"] == "READ" else "Entregue", 1)
        assert minute(row["Enviada em"]) <= minute(row["Entregue em"])
        assert not row["Motivo"]
    assert ledger == {}
    assert len([row for row in rows if row["Respondeu em"]]) == 1


def minute(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ZONE)
