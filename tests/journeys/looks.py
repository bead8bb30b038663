"""What every page owes to eyes, keyboards and screen readers, asked of the page itself."""

import re
from itertools import pairwise

from playwright.sync_api import Page

# Words that no English sentence has; people's own data in these journeys is plain English, and what the pages quote in
# Portuguese says so in its `lang`.
PORTUGUESE = re.compile(
    r"[ãõçáéíóúâêô]|\b(?:não|de|para|você|uma|da|dos|das|sem|mais|nenhum|todos|nova|novo|salvar)\b",
    re.IGNORECASE,
)
# A language's own name, and the ready templates: those belong to the company, which may rename them.
DATA = ("Português", "Confirmação", "Promoção")

_NAMELESS = """() => {
  const named = (el) => el.labels?.length || el.getAttribute("aria-label") || el.getAttribute("aria-labelledby")
    || el.title || el.textContent.trim() || el.querySelector("img[alt]:not([alt=''])");
  const hidden = (el) => el.type === "hidden" || el.closest("[aria-hidden=true], [hidden]") || !el.getClientRects().length;
  return [...document.querySelectorAll("input, select, textarea, button, a[href]")]
    .filter((el) => !hidden(el) && !named(el)).map((el) => el.outerHTML.slice(0, 160));
}"""
_TEXTS = """() => {
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!parent.closest("script, style, template, noscript, body [lang]")) seen.push(walker.currentNode.data.trim());
  }
  for (const el of document.querySelectorAll("[placeholder], [aria-label], [title], [alt]"))
    for (const name of ["placeholder", "aria-label", "title", "alt"]) seen.push(el.getAttribute(name) ?? "");
  return [document.title, ...seen].filter(Boolean);
}"""


def portuguese(page: Page) -> list[str]:
    """Visible and spoken texts that were left untranslated."""
    texts = page.evaluate(_TEXTS)
    return [text for text in texts if text not in DATA and PORTUGUESE.search(text)]


def nameless(page: Page) -> list[str]:
    """Controls that a screen reader could not name."""
    return list(page.evaluate(_NAMELESS))


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def headings(page: Page) -> list[int]:
    """Levels of the visible headings, in reading order."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll("h1, h2, h3, h4")]
               .filter((el) => el.getClientRects().length).map((el) => Number(el.tagName[1]))"""
        )
    )


def doubled_ids(page: Page) -> list[str]:
    return list(
        page.evaluate(
            """() => { const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
                       return ids.filter((id, at) => ids.indexOf(id) !== at); }"""
        )
    )


def faults(page: Page) -> dict[str, object]:
    """Everything above that is not as it should be; nothing, on a good page."""
    levels = headings(page)
    skips = [pair for pair in pairwise([1, *levels]) if pair[1] - pair[0] > 1]
    found = {
        "portuguese": portuguese(page),
        "nameless": nameless(page),
        "too wide": max(overflow(page), 0),
        "headings": skips or ([] if levels.count(1) == 1 else levels),
        "ids": doubled_ids(page),
    }
    return {name: fault for name, fault in found.items() if fault}
