"""Two companies side by side: invited, verified in two steps, a password forgotten, devices signed out, and never a
glimpse of the neighbour."""

import contextlib
import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from app.core import clock
from tests.browsers import PATIENCE, visiting
from tests.journeys import walk
from tests.journeys.stack import ADMIN, PASSWORD, Stack

pytestmark = pytest.mark.browser

BIA, CAIO = "bia@padaria.com.br", "caio@cafe.com.br"
FIRST, SECOND = "girafa-azul-de-patins", "abacaxi-voador-de-domingo"


@pytest.fixture
def desks(browser: Browser) -> Iterator[list[Page]]:
    """Ana's, Bia's and Caio's browsers, and another of Bia's."""
    with visiting(browser) as ana, visiting(browser) as bia, visiting(browser) as caio, visiting(browser) as phone:
        yield [ana, bia, caio, phone]


def test_two_companies_and_their_people(stack: Stack, desks: list[Page]):
    ana, bia, caio, phone = desks
    walk.sign_in(ana, stack, ADMIN)
    invite(ana, stack)
    accept(bia, stack)
    enter(bia, stack, BIA, FIRST)
    codes = turn_on_two_steps(bia, stack)
    leave(bia)
    enter(bia, stack, BIA, FIRST, code=codes[0])
    forget_password(phone, stack)
    expect_signed_out(bia, stack)
    enter(bia, stack, BIA, SECOND, code=codes[1])
    enter(phone, stack, BIA, SECOND, code=codes[2])
    end_other_devices(bia, phone, stack)
    register(caio, stack)
    sees_nothing_of_the_neighbour(caio, ana, stack)
    deactivate(ana, bia, stack)
    reads_the_record(ana, stack)


def invite(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/settings/users")
    page.get_by_label("E-mail").fill(BIA)
    page.get_by_label("Perfil").select_option(label="Gerente")
    page.get_by_role("button", name="Enviar convite").click()
    expect(page.get_by_text(f"Convite enviado para {BIA}")).to_be_visible()


def open_letter(page: Page, stack: Stack, subject: str) -> None:
    """A worker sends it; the list is looked at until it is there."""
    letter = page.locator("ul.letters li").filter(has_text=subject).first
    page.goto(f"{stack.url}/dev/mails")
    for _ in range(PATIENCE // 500):
        if letter.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    letter.get_by_role("link").click()
    page.get_by_role("link", name="Abrir o link do e-mail").first.click()


def accept(page: Page, stack: Stack) -> None:
    open_letter(page, stack, "convidou você")
    expect(page.get_by_text(f"Você vai entrar como {BIA}")).to_be_visible()
    page.get_by_label("Seu nome").fill("Bia Lima")
    page.get_by_label("Escolha uma senha").fill("12345678")
    page.get_by_label("A senha, de novo").fill("12345678")
    page.get_by_role("button", name="Aceitar o convite").click()
    expect(page.get_by_text("dez senhas mais usadas").first).to_be_visible()
    page.get_by_label("Escolha uma senha").fill(FIRST)
    page.get_by_label("A senha, de novo").fill(FIRST)
    page.get_by_role("button", name="Aceitar o convite").click()
    expect(page.get_by_text("Tudo pronto")).to_be_visible()


def enter(page: Page, stack: Stack, email: str, password: str, code: str = "") -> None:
    page.goto(f"{stack.url}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()
    if code:
        page.get_by_label("Código").fill(code)
        page.get_by_role("button", name="Continuar").click()
    expect(page.locator(".live-line")).to_have_text("Ao vivo")


def leave(page: Page) -> None:
    page.locator(".user-menu__button").click()
    page.get_by_role("button", name="Sair").click()
    expect(page.get_by_role("button", name="Entrar")).to_be_visible()


def turn_on_two_steps(page: Page, stack: Stack) -> list[str]:
    page.goto(f"{stack.url}/settings/security")
    page.get_by_role("link", name="Ligar").click()
    found = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.locator("main").inner_text())
    assert found
    secret = found[0].replace(" ", "")
    expect(page.get_by_alt_text("QR code para o aplicativo de códigos")).to_be_visible()
    page.get_by_label("Código").fill(pyotp.TOTP(secret).at(clock.now()))
    page.get_by_role("button", name="Ligar").click()
    expect(page.get_by_text("A verificação em duas etapas está ligada")).to_be_visible()
    codes = page.locator("pre.codes").inner_text().split()
    assert len(codes) == 10
    return codes


def forget_password(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/login")
    page.get_by_role("link", name="Esqueci minha senha").click()
    page.get_by_label("E-mail").fill(BIA)
    page.get_by_role("button", name="Enviar o link").click()
    expect(page.get_by_role("heading", name="Confira o seu e-mail")).to_be_visible()
    open_letter(page, stack, "Crie uma senha nova")
    page.get_by_label("Senha nova", exact=True).fill(SECOND)
    page.get_by_label("Senha nova, de novo").fill(SECOND)
    page.get_by_role("button", name="Salvar a senha").click()
    expect(page.get_by_text("Senha nova salva")).to_be_visible()


def expect_signed_out(page: Page, stack: Stack) -> None:
    with contextlib.suppress(Error):  # the page may be on its way to the door by itself
        page.goto(f"{stack.url}/settings/profile")
    expect(page.get_by_role("button", name="Entrar")).to_be_visible()


def end_other_devices(here: Page, there: Page, stack: Stack) -> None:
    here.goto(f"{stack.url}/settings/security")
    here.get_by_role("button", name="Sair deste").first.click()
    expect(here.get_by_text("Esse aparelho saiu da conta")).to_be_visible()
    expect_signed_out(there, stack)


def register(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/login")
    page.get_by_role("link", name="Criar uma empresa").click()
    for label, words in (("Nome da empresa", "Café Central"), ("Seu nome", "Caio"), ("E-mail", CAIO)):
        page.get_by_label(label).fill(words)
    page.get_by_label("Escolha uma senha").fill(FIRST)
    page.get_by_label("A senha, de novo").fill(FIRST)
    page.get_by_role("button", name="Criar").click()
    expect(page.get_by_role("heading", name="Confira o seu e-mail")).to_be_visible()
    open_letter(page, stack, "Confirme o seu e-mail")
    page.get_by_role("button", name="Criar a empresa").click()
    expect(page.get_by_text("Empresa criada")).to_be_visible()
    enter(page, stack, CAIO, FIRST)


def sees_nothing_of_the_neighbour(caio: Page, ana: Page, stack: Stack) -> None:
    ana.goto(f"{stack.url}/settings/users")
    address = ana.get_by_role("link", name="Bia Lima").first.get_attribute("href")
    caio.goto(f"{stack.url}/settings/users")
    expect(caio.get_by_text(CAIO).first).to_be_visible()
    expect(caio.get_by_text(BIA)).to_have_count(0)
    caio.goto(f"{stack.url}{address}")
    expect(caio.get_by_role("heading", name="Não achamos esta página")).to_be_visible()
    caio.goto(f"{stack.url}/settings/audit")
    expect(caio.locator("main table").get_by_text("Criou a empresa").first).to_be_visible()
    expect(caio.locator("main table").get_by_text("Bia Lima")).to_have_count(0)


def deactivate(ana: Page, bia: Page, stack: Stack) -> None:
    """Bia's page, which nobody touches, goes back to the door by itself."""
    bia.goto(f"{stack.url}/campaigns")
    expect(bia.locator(".live-line")).to_have_text("Ao vivo")
    ana.goto(f"{stack.url}/settings/users")
    ana.get_by_role("link", name="Bia Lima").first.click()
    ana.get_by_role("button", name="Desativar").click()
    ana.get_by_role("dialog").get_by_role("button", name="Desativar").click()
    expect(ana.get_by_text("já saiu de todos os aparelhos")).to_be_visible()
    expect(bia.get_by_role("button", name="Entrar")).to_be_visible()
    bia.get_by_label("E-mail").fill(BIA)
    bia.get_by_label("Senha").fill(SECOND)
    bia.get_by_role("button", name="Entrar").click()
    expect(bia.get_by_text("não conferem")).to_be_visible()


def reads_the_record(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/settings/audit")
    for words in ("Desativou pessoa", "Ligou as duas etapas", "Pediu senha nova", "Convidou pessoa"):
        expect(page.locator("main table").get_by_text(words).first).to_be_visible()
    page.get_by_role("button", name="Exportar CSV").click()
    expect(page.get_by_role("link", name="Baixar CSV")).to_be_visible()
    assert PASSWORD not in page.content()
