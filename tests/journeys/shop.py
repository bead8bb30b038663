"""A shop whose number two attendants answer: what they and its customers do, in their words."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browsers import PATIENCE, visiting
from tests.journeys import walk
from tests.journeys.stack import PASSWORD, Stack

OWNER = "dona@doceria.com.br"


@dataclass(frozen=True)
class Shop:
    """A company whose number is connected; `number` is its gateway name."""

    stack: Stack
    number: str

    def writes(self, phone: str, text: str = "", **more: Any) -> dict[str, Any]:
        """A customer does."""
        message = {"from": phone, "kind": "text", "text": text, **more}
        return dict(self.stack.play("POST", f"instances/{self.number}/inbound", **message))

    def received(self, phone: str) -> list[tuple[str, str]]:
        """(kind, text) of what the customer's phone got; the ninth digit is not always in the address."""
        theirs = f"{phone[-8:]}@"
        return [(row["kind"], row["text"]) for row in self.stack.ledger(self.number) if theirs in row["to"]]


def open_shop(browser: Browser, stack: Stack) -> Shop:
    tenant_id = stack.company("Doceria da Praça", OWNER)
    for name in ("Bia", "Caio"):
        words = ("users", "create", tenant_id, f"{name.lower()}@doceria.com.br", "--name", name, "--role", "agent")
        stack.console(*words, "--password", PASSWORD)
    with visiting(browser) as page:
        walk.sign_in(page, stack, OWNER)
        number = walk.connect_number(page, stack, "Doceria")
    return Shop(stack, number)


def at_the_inbox(browser: Browser, stack: Stack, email: str, **context: Any) -> Iterator[Page]:
    with visiting(browser, **context) as page:
        walk.sign_in(page, stack, email)
        page.goto(f"{stack.url}/inbox?tab=waiting")
        expect(page.locator(".live-line")).to_have_text("Ao vivo")
        yield page


def row(page: Page, name: str) -> Locator:
    return page.locator(".ticket").filter(has_text=name)


def accept(page: Page, name: str) -> None:
    """From the row of who waits to the conversation."""
    row(page, name).get_by_role("button", name="Aceitar").click()
    head = page.locator(".talk-head").filter(has_text=name)
    expect(head).to_contain_text("Com você")


def bubble(page: Page, text: str) -> Locator:
    return page.locator(".msg:not([data-pending])").filter(has_text=text)


def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Mensagem", exact=True)
    box.fill(text)
    box.press("Enter")


def until(check: Any) -> None:
    """What leaves by the sender arrives when it arrives."""
    end = time.monotonic() + PATIENCE / 1000
    while not check():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)
