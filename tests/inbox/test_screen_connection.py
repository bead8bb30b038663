"""A cut socket, a laptop that slept, a slow answer: the page catches up, and nothing goes astray."""

import pytest
from playwright.sync_api import Route, WebSocketRoute, expect

from tests.inbox.screens import EARS, ready, row

pytestmark = pytest.mark.browser


def test_after_a_cut_socket_the_page_catches_up_by_itself(visit, crowd, writes):
    tickets = crowd(3)
    page = visit("/inbox?tab=all")
    wires: list[WebSocketRoute] = []

    def wire(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        wires.append(socket)

    page.route_web_socket("**/socket.io/**", wire)
    page.reload()
    ready(page)
    row(page, "Pessoa 001").get_by_role("link").click()
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")

    page.route("**/*", lambda route: route.abort())  # the cable is out
    page.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    for socket in wires:
        socket.close()
    expect(page.locator(".live-line")).to_have_text("Reconectando…")
    expect(page.get_by_text("Reconectando. Enquanto isso")).to_be_visible()
    writes(tickets[1], "Ainda está aí?")
    writes(tickets[2], "E o meu pedido?")

    page.route_web_socket("**/socket.io/**", wire)
    page.unroute("**/*")
    expect(page.locator(".live-line")).to_have_text("Ao vivo")
    expect(row(page, "Pessoa 002")).to_contain_text("E o meu pedido?")
    expect(page.locator(".msg").filter(has_text="Ainda está aí?")).to_be_visible()
    expect(page.get_by_text("Reconectando. Enquanto isso")).to_be_hidden()


def test_a_laptop_that_slept_looks_again_at_once(visit, crowd, writes):
    """Its socket is dead, and neither side knows yet."""
    tickets = crowd(2)
    page = visit("/inbox?tab=all")
    asleep: list[bool] = []

    def wire(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda words: None if asleep else socket.send(words))

    page.route_web_socket("**/socket.io/**", wire)
    page.add_init_script(EARS)
    page.reload()
    ready(page)
    row(page, "Pessoa 001").get_by_role("link").click()
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    page.evaluate("window.away = true")
    asleep.append(True)
    writes(tickets[1], "Você sumiu?")
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".msg").filter(has_text="Você sumiu?")).to_be_visible()
    expect(row(page, "Pessoa 001")).to_contain_text("Você sumiu?")


def test_words_typed_too_early_never_reach_the_one_before(visit, crowd):
    _first, second = crowd(2)
    page = visit("/inbox?tab=all")
    row(page, "Pessoa 000").get_by_role("link").click()
    box = page.get_by_role("textbox", name="Mensagem")
    expect(box).to_be_focused()
    slow: list[Route] = []
    page.route(f"**/inbox/{second}", lambda route: slow.append(route))
    row(page, "Pessoa 001").get_by_role("link").click()
    page.wait_for_function("document.querySelector('.inbox').inbox.isOpening")
    page.keyboard.type("É para a Pessoa 001, ea")
    page.keyboard.press("Enter")
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 000")
    expect(page.locator(".talk-head__detail")).to_contain_text("Aguardando")
    assert page.locator("#composer-body").input_value() == ""
    slow[0].continue_()
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    expect(box).to_be_focused()
    expect(page.locator(".msg--out")).to_have_count(0)


def test_what_came_before_its_script_was_there_shows_at_once(visit, crowd, writes):
    """The line is up before the page's own script is loaded: nothing said meanwhile may wait for the next look."""
    tickets = crowd(2)
    page = visit("/inbox?tab=all")
    late: list[Route] = []
    page.route("**/js/inbox/thread.js", lambda route: late.append(route))
    with page.expect_request("**/js/inbox/thread.js"):
        page.goto(page.url, wait_until="commit")
    expect(page.locator(".live-line")).to_have_text("Ao vivo")
    writes(tickets[1], "Alguém aí?")
    late[0].continue_()
    expect(row(page, "Pessoa 001")).to_contain_text("Alguém aí?", timeout=30_000)  # sooner than the next look
