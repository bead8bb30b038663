"""The scripts, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import Running

pytestmark = pytest.mark.browser

LIVE = "#live-sample"


def times_fetched(running: Running) -> int:
    return running.fetched.count("/_ui/fragment")


def fetched_more_than(page: Page, running: Running, count: int) -> None:
    for _look in range(300):
        if times_fetched(running) > count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"fetched {times_fetched(running)} times")


def test_a_typed_confirmation_lets_only_the_right_number_through(page: Page):
    page.get_by_role("button", name="Enviar 1.240 mensagens").click()
    dialog = page.locator("[data-confirm-dialog]")
    yes = dialog.get_by_role("button", name="Enviar agora")
    expect(yes).to_be_disabled()
    dialog.get_by_label(re.compile("digite 1240")).fill("1.24")
    expect(yes).to_be_disabled()
    dialog.get_by_label(re.compile("digite 1240")).fill("1.240")
    yes.click()
    expect(page.locator(".toast-note")).to_contain_text("Recebido")


def test_saying_no_sends_nothing(page: Page, running: Running):
    page.get_by_role("button", name="Excluir").nth(0).click()
    page.locator("[data-confirm-dialog]").get_by_role("button", name="Cancelar").click()
    expect(page.locator("[data-confirm-dialog]")).to_be_hidden()
    assert "/_ui/action" not in running.fetched


def test_a_socket_event_fetches_the_part_again(page: Page, running: Running):
    fetched_more_than(page, running, 0)  # what it catches up with when the connection is there
    count = times_fetched(running)
    running.sockets.emit("campaign:progress", {"campaign_id": "1"})
    fetched_more_than(page, running, count)


def test_a_burst_of_events_is_one_fetch(page: Page, running: Running):
    count = times_fetched(running)
    with page.expect_response("**/_ui/fragment", timeout=5000):
        for _ in range(40):
            running.sockets.emit("campaign:progress", {"campaign_id": "1"})
    assert times_fetched(running) <= count + 2


def test_what_one_types_survives_a_refresh(page: Page, running: Running):
    page.locator("#live-input").type("olá")
    with page.expect_response("**/_ui/fragment"):
        running.sockets.emit("campaign:progress", {})
    page.locator("#live-input").press_sequentially(" Ana")
    expect(page.locator("#live-input")).to_have_value("olá Ana")
    expect(page.locator("#live-input")).to_be_focused()


def test_without_a_socket_the_part_polls_and_says_so(page: Page, running: Running):
    page.route("**/socket.io/**", lambda route: route.abort())
    page.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    page.reload()
    for _ in range(2):
        with page.expect_response("**/_ui/fragment", timeout=10000):
            pass
    expect(page.locator(".live-line")).to_have_text("Reconectando…", timeout=10000)


def test_an_expired_session_reloads_the_page(page: Page, running: Running):
    page.route("**/_ui/fragment", lambda route: route.fulfill(status=401, body=""))
    with page.expect_navigation(timeout=10000):
        running.sockets.emit("campaign:progress", {})


def test_a_finished_part_stops_asking(page: Page, running: Running):
    page.route("**/_ui/fragment", lambda route: route.fulfill(body="<p>fim</p>", headers={"X-Live-Stop": "1"}))
    with page.expect_response("**/_ui/fragment"):
        running.sockets.emit("campaign:progress", {})
    expect(page.locator(LIVE)).to_have_text("fim")
    page.unroute("**/_ui/fragment")
    count = times_fetched(running)
    running.sockets.emit("campaign:progress", {})
    page.wait_for_timeout(600)
    assert times_fetched(running) == count


def test_selecting_rows_and_everything_behind_them(page: Page):
    boxes = page.locator("[data-bulk-row]")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    boxes.nth(0).check()
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selecionado")
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("4 selecionados")
    page.locator("[data-bulk-all]").check()
    page.get_by_role("button", name="Selecionar todos os 1.240").click()
    expect(page.locator("[data-bulk-count]")).to_have_text("1.240 selecionados")
    page.get_by_role("button", name="Adicionar ao grupo").click()
    expect(page.locator(".toast-note")).to_contain_text("'all': '1'")
    expect(page.locator(".toast-note")).to_contain_text("'action': 'group'")


def test_an_upload_follows_its_redirect_and_keeps_the_flash(page: Page):
    page.locator("input[type=file]").set_input_files({"name": "clientes.csv", "mimeType": "text/csv", "buffer": b"a;b"})
    expect(page.locator("[data-dropzone-title]")).to_have_text("clientes.csv")
    with page.expect_navigation():
        page.get_by_role("button", name="Enviar planilha").click()
    expect(page.locator(".toast-note")).to_contain_text("Recebido")


def test_the_theme_changes_at_once_and_stays(page: Page):
    page.locator(".user-menu__button").click()
    page.get_by_role("button", name="Escuro").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    wait_for_cookie(page, "recado_theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def wait_for_cookie(page: Page, name: str, value: str, tries: int = 100) -> None:
    """The request runs behind the page's back."""
    while tries and (name, value) not in [(one["name"], one["value"]) for one in page.context.cookies()]:
        tries -= 1
        page.wait_for_timeout(50)
    assert tries, f"no cookie {name}={value}"


def test_following_the_system_needs_no_reload(page: Page):
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_shortcuts_search_help_and_go(page: Page, running: Running):
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.locator("[data-search]").blur()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/contacts")


def test_the_menu_opens_and_closes_on_a_phone(page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Abrir menu").click()
    expect(page.locator("#sidebar")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).to_be_hidden()


def test_the_header_of_a_table_stays_in_sight(page: Page):
    page.set_viewport_size({"width": 1600, "height": 400})
    frame = page.locator(".table-frame")
    expect(frame).to_have_class(re.compile("is-fitting"))
    frame.evaluate("box => scrollTo({top: box.getBoundingClientRect().top + scrollY + 150, behavior: 'instant'})")
    top = page.get_by_role("columnheader", name="Situação").evaluate("cell => cell.getBoundingClientRect().top")
    assert -1 <= top <= 1


def test_a_table_too_wide_scrolls_in_its_own_box(page: Page):
    page.set_viewport_size({"width": 800, "height": 800})
    page.locator(".cell-main").first.evaluate("cell => (cell.style.minWidth = '1200px')")
    expect(page.locator(".table-frame")).not_to_have_class(re.compile("is-fitting"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 800


@pytest.mark.parametrize("width", [360, 768, 1024, 1440])
def test_nothing_overflows_sideways(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_chart_is_drawn_and_redrawn_in_the_other_theme(page: Page):
    canvas = page.locator(".chart canvas")
    canvas.scroll_into_view_if_needed()
    expect(canvas).to_have_attribute("height", re.compile(r"\d{3}"))
    expect(canvas).to_have_css("display", "block")
    light = settled(canvas)
    page.locator(".user-menu__button").click()
    page.get_by_role("button", name="Escuro").click()
    assert settled(canvas) != light


def settled(canvas: Locator) -> str:
    """The picture once its animation is over."""
    before, now = "", canvas.evaluate("canvas => canvas.toDataURL()")
    while before != now:
        canvas.page.wait_for_timeout(150)
        before, now = now, canvas.evaluate("canvas => canvas.toDataURL()")
    return now


def test_the_page_works_without_scripts(browser: Browser, running: Running):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.url}/_ui")
    page.locator("input[name=name]").fill("Maria")
    page.locator("input[name=email]").fill("maria@exemplo.com.br")
    page.get_by_role("button", name="Salvar contato").click()
    expect(page.locator(".toast-note")).to_contain_text("Contato salvo.")
    context.close()
