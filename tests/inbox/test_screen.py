"""The list side of the screen in a real browser: long lists, keyboard, filters, many at once, alerts, a cut socket."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, WebSocketRoute, expect

from app.config import Config
from app.core import clock
from app.core.context import acting
from app.core.db import release, transaction
from app.core.facts import emit
from app.factory import create_app, serve_sockets
from app.inbox.models import Ticket
from tests.browsers import ROOT, serving, visiting
from tests.factories import PASSWORD, Company
from tests.inbox.conftest import said

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE = 30_000
# What a page would show and sound, written down instead; and a window that can look away.
EARS = """
  window.heard = []; window.away = false;
  Object.defineProperty(document, "hidden", { get: () => window.away });
  window.Notification = class {
    constructor(title, options) { window.heard.push([title, options.body]); }
    static permission = "granted";
    static requestPermission = async () => "granted";
  };
"""


@pytest.fixture
def url(config: Config) -> Iterator[str]:
    web = create_app(config)
    serve_sockets(web, async_mode="threading")
    with serving(web) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, url: str, company: Company) -> Iterator[Callable[..., Page]]:
    """`visit("/inbox", "agent")`: that page, signed in."""
    expect.set_options(timeout=PATIENCE)
    with visiting(browser, bypass_csp=True) as page:  # axe brings styles of its own

        def go(path: str, role: str = "manager") -> Page:
            page.goto(f"{url}/login")
            page.get_by_label("E-mail").fill(company.emails[role])
            page.get_by_label("Senha").fill(PASSWORD)
            page.get_by_label("Senha").press("Enter")
            page.wait_for_url(lambda address: "/login" not in address)
            page.goto(url + path)
            ready(page)
            return page

        yield go
    expect.set_options(timeout=5_000)


@pytest.fixture
def crowd(ticket: Callable[..., uuid.UUID]) -> Callable[..., list[uuid.UUID]]:
    """So many open conversations, the newest first: "Pessoa 000", "Pessoa 001"…"""

    def make(count: int, **fields: object) -> list[uuid.UUID]:
        now = clock.now()
        return [ticket(f"Pessoa {n:03d}", last_message_at=now - timedelta(minutes=n), **fields) for n in range(count)]

    return make


@pytest.fixture
def writes(company: Company) -> Callable[[uuid.UUID, str], None]:
    """A customer does, in a conversation that is open."""

    def write(ticket_id: uuid.UUID, words: str) -> None:
        with acting(company.system), transaction() as session:
            row = session.get(Ticket, ticket_id)
            message = said(row, words)
            session.add(message)
            session.flush()
            row.last_message_id, row.last_message_at, row.last_inbound_at = message.id, clock.now(), clock.now()
            row.unread_count += 1
            emit("message.received", message_id=message.id, ticket_id=row.id, instance_id=row.instance_id)
        release()

    return write


def ready(page: Page) -> None:
    """Live, and listening to the keyboard."""
    expect(page.locator(".live-line")).to_have_text("Ao vivo")
    page.wait_for_function("document.querySelector('.inbox').inbox")


def row(page: Page, name: str) -> Locator:
    return page.locator(".ticket").filter(has_text=name)


def scroll(page: Page, top: int) -> None:
    page.locator("[data-list]").evaluate("(box, top) => { box.scrollTop = top; }", top)


def known(page: Page) -> int:
    """How many rows the page has been told of; far fewer are in it."""
    return int(page.evaluate("document.querySelector('.inbox').inbox.list.rows.size"))


def top_of(page: Page, name: str) -> float:
    box = row(page, name).bounding_box()
    assert box is not None
    return round(box["y"])


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


@pytest.mark.parametrize(("width", "height"), [(1366, 800), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_a_screen_reader(visit, crowd, queue, company, width, height, theme):
    queue("Vendas", members=[company.users["agent"]])
    crowd(3)
    page = visit("/inbox?tab=all")
    page.set_viewport_size({"width": width, "height": height})
    if theme == "dark":
        page.context.add_cookies([{"name": "theme", "value": theme, "url": page.url}])
        page.emulate_media(color_scheme="dark")
        page.evaluate("Object.assign(document.documentElement.dataset, {themeChoice: 'dark', bsTheme: 'dark'})")
    found = {"list": faults(page)}
    page.get_by_role("button", name="Filtros").click()
    found["filters"] = faults(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Mais opções da lista").click()
    found["menu"] = faults(page, ".inbox-tools")  # what it half covers counts as small
    page.get_by_role("button", name="Selecionar várias").click()
    page.get_by_label("Selecionar Pessoa 001").click()
    found["many"] = faults(page)
    page.get_by_role("button", name="Limpar seleção").click()
    row(page, "Pessoa 001").get_by_role("link").click()
    expect(page.locator(".talk-head__name")).to_have_text("Pessoa 001")
    found["conversation"] = faults(page)
    for path in ("/settings/queues", "/settings/queues/new", "/settings/quick-replies", "/metrics"):
        page.goto(re.sub(r"/inbox.*|/settings.*|/metrics.*", path, page.url))
        if theme == "dark":
            page.evaluate("Object.assign(document.documentElement.dataset, {themeChoice: 'dark', bsTheme: 'dark'})")
        found[path] = faults(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def faults(page: Page, within: str = "html") -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("([within, rules]) => axe.run(within, { runOnly: rules })", [within, RULES])
    return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]]
