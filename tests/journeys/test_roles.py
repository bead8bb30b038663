"""People of other roles see what they may, and are told so when they ask for the rest."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import visiting
from tests.journeys import walk
from tests.journeys.stack import Stack

pytestmark = pytest.mark.browser

MENU = {
    "viewer": ["Painel", "Contatos", "Listas", "Campanhas", "Modelos", "Atendimento", "Números"],
    "agent": ["Painel", "Contatos", "Listas", "Campanhas", "Modelos", "Atendimento", "Números"],
    "developer": ["Painel", "Números", "Falhas"],
}
CLOSED = {
    "viewer": ["/contacts/new", "/contacts/import", "/campaigns/new", "/instances/new",
               "/templates/new", "/settings/dead-letters"],
    "agent": ["/contacts/import", "/campaigns/new", "/instances/new", "/settings/dead-letters"],
    "developer": ["/contacts", "/campaigns", "/templates", "/instances/new"],
}  # fmt: skip
MAKING = ("Nova campanha", "Importar planilha", "Conectar um número", "Novo modelo")


@pytest.fixture(scope="module")
def shop(stack: Stack) -> str:
    """A company with one person per role."""
    tenant_id = stack.company("Loja da Esquina", "dona@esquina.com.br")
    for role in MENU:
        stack.person(tenant_id, f"{role}@esquina.com.br", role)
    return tenant_id


@pytest.mark.parametrize("role", MENU)
def test_a_role_sees_only_what_it_may(browser: Browser, stack: Stack, shop: str, role: str):
    with visiting(browser) as page:
        walk.sign_in(page, stack, f"{role}@esquina.com.br")
        entries = page.locator("#sidebar nav a").all_inner_texts()
        assert [entry for entry in entries if entry != "Conversas"] == MENU[role]
        for path in CLOSED[role]:
            refused(page, stack.url + path)
        if role != "developer":
            offers_nothing_to_make(page, stack)


def refused(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 403, address
    expect(page.get_by_role("heading", name="Esta parte não é sua")).to_be_visible()


def offers_nothing_to_make(page: Page, stack: Stack) -> None:
    for path in ("/campaigns", "/instances", "/templates", "/contacts"):
        page.goto(stack.url + path)
        for words in MAKING:
            expect(page.locator("main").get_by_role("link", name=words)).to_have_count(0)
            expect(page.locator("main").get_by_role("button", name=words)).to_have_count(0)
