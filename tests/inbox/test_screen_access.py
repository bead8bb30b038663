"""The screen for who uses a screen reader, at a desk and on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import ROOT
from tests.inbox.screens import row

pytestmark = pytest.mark.browser
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


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
    for path in (
        "/settings/queues",
        "/settings/queues/new",
        "/settings/quick-replies",
        "/settings/quick-replies/new",
        "/metrics",
    ):
        page.goto(re.sub(r"/inbox.*|/settings.*|/metrics.*", path, page.url))
        if theme == "dark":
            page.evaluate("Object.assign(document.documentElement.dataset, {themeChoice: 'dark', bsTheme: 'dark'})")
        found[path] = faults(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


# What is half shown has half the contrast.
_SETTLED = """async () => {
  const ends = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(ends.map((one) => one.finished));
}"""


def faults(page: Page, within: str = "html") -> list[str]:
    page.evaluate(AXE.read_text())
    page.evaluate(_SETTLED)
    found = page.evaluate("([within, rules]) => axe.run(within, { runOnly: rules })", [within, RULES])
    return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]]
