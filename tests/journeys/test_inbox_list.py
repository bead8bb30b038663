"""A shift at the list: customers of the pretend WhatsApp come in while the line is cut, blocked and back again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browsers import visiting
from tests.journeys import walk
from tests.journeys.shop import Shop, row, until
from tests.journeys.stack import PASSWORD, Stack

pytestmark = pytest.mark.browser

OWNER = "seu.jorge@papelaria.com.br"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def shop(browser: Browser, stack: Stack) -> Shop:
    tenant_id = stack.company("Papelaria do Jorge", OWNER)
    words = ("users", "create", tenant_id, "lia@papelaria.com.br", "--name", "Lia", "--role", "agent")
    stack.console(*words, "--password", PASSWORD)
    with visiting(browser) as page:
        walk.sign_in(page, stack, OWNER)
        return Shop(stack, walk.connect_number(page, stack, "Papelaria"))


@pytest.fixture
def lia(browser: Browser, stack: Stack, shop: Shop) -> Iterator[Page]:
    with visiting(browser) as page:
        walk.sign_in(page, stack, "lia@papelaria.com.br")
        yield page


def at_the_list(page: Page, stack: Stack, query: str = "tab=waiting") -> None:
    page.goto(f"{stack.url}/inbox?{query}")
    until(lambda: page.evaluate("Boolean(document.querySelector('.inbox').inbox)"))  # its script listens


def test_what_came_while_the_line_was_cut_is_there_when_it_is_back(stack: Stack, shop: Shop, lia: Page):
    shop.writes("5511970020001", "Tem caderno?", name="Ivo Luz")
    wires: list[WebSocketRoute] = []

    def wire(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        wires.append(socket)

    lia.route_web_socket("**/socket.io/**", wire)
    at_the_list(lia, stack)
    expect(lia.locator(".live-line")).to_have_text("Ao vivo")
    row(lia, "Ivo Luz").get_by_role("link").click()
    expect(lia.locator(".talk-head__name")).to_have_text("Ivo Luz")

    lia.route("**/*", lambda route: route.abort())
    lia.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    for socket in wires:
        socket.close()
    expect(lia.locator(".live-line")).to_have_text("Reconectando…")
    shop.writes("5511970020001", "E caneta?")
    shop.writes("5511970020002", "Vocês plastificam?", name="Olga Reis")
    until(lambda: stack.play("GET", "healthz")["webhooks"]["pending"] == 0)

    lia.route_web_socket("**/socket.io/**", wire)
    lia.unroute("**/*")
    expect(lia.locator(".live-line")).to_have_text("Ao vivo")
    expect(lia.locator(".msg").filter(has_text="E caneta?")).to_have_count(1)
    expect(row(lia, "Olga Reis")).to_contain_text("Vocês plastificam?")


def test_without_sockets_the_whole_conversation_still_works(stack: Stack, shop: Shop, lia: Page):
    lia.route("**/socket.io/**", lambda route: route.abort())
    lia.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    at_the_list(lia, stack)
    expect(lia.locator(".live-line")).to_have_text("Reconectando…")
    phone = "5511970020003"
    shop.writes(phone, "Imprimem foto?", name="Davi Nunes")
    expect(row(lia, "Davi Nunes")).to_contain_text("Imprimem foto?")
    row(lia, "Davi Nunes").get_by_role("button", name="Aceitar").click()
    expect(lia.locator(".talk-head")).to_contain_text("Com você")
    box = lia.get_by_role("textbox", name="Mensagem")
    box.fill("Imprimimos, sim")
    box.press("Enter")
    until(lambda: ("conversation", "Imprimimos, sim") in shop.received(phone))
    shop.writes(phone, "Que bom!")
    expect(lia.locator(".msg").filter(has_text="Que bom!")).to_be_visible()


def test_a_shift_on_a_phone(browser: Browser, stack: Stack, shop: Shop):
    phones = {f"55119700201{n}": f"Cliente {n}" for n in range(10, 25)}  # long enough to scroll with one less
    for phone, name in phones.items():
        shop.writes(phone, f"Sou o {name}", name=name)
    with visiting(browser, **PHONE) as page:
        page.goto(stack.url)
        page.get_by_label("E-mail").fill("lia@papelaria.com.br")
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_role("button", name="Entrar").click()
        page.wait_for_url(f"{stack.url}/")
        at_the_list(page, stack)
        for name in phones.values():
            expect(row(page, name)).to_be_attached()
        names = page.locator(".ticket__name").all_inner_texts()
        taken, beside, sought = names[6:9]  # to be seen after scrolling so far
        page.locator("[data-list]").evaluate("box => { box.scrollTop = 300; }")
        row(page, taken).get_by_role("button", name="Aceitar").tap()
        expect(page.locator(".talk-head")).to_contain_text("Com você")
        expect(page.get_by_role("region", name="Lista de conversas")).to_be_hidden()
        page.get_by_role("button", name=taken).tap()
        expect(page.get_by_role("complementary", name="Sobre o contato")).to_contain_text("Consentimento")
        page.get_by_role("button", name="Fechar os dados do contato").tap()
        page.go_back()
        expect(row(page, beside)).to_be_visible()
        walk.becomes(page.locator("[data-list]"), "box => box.scrollTop === 300")
        page.get_by_role("searchbox").fill(sought.lower())
        expect(page.locator(".ticket__name")).to_have_text([sought])
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
