"""The page with its script, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import visiting
from tests.simulator.driver import Gateway, Receiver

CHAT = "/_sim/phone/loja/chat/5511987654321@s.whatsapp.net"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with visiting(browser) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        yield page


@pytest.mark.browser
def test_a_conversation_is_alive_on_both_sides(shop: Gateway, receiver: Receiver, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    shop.send("Primeira")
    page.goto(shop.url + CHAT)
    shop.send("Chegou ao vivo")
    bubble = page.locator(".bubble--theirs", has_text="Chegou ao vivo")
    expect(bubble.locator(".ticks--blue")).to_be_visible()
    watching = {"number": CHAT.rpartition("/")[2], "presence": "paused", "delay": 0}
    assert shop.api("POST", "/chat/sendPresence/loja", watching).ok
    page.locator(".composer__text").fill("Respondo daqui")
    page.locator(".composer__text").press("Enter")
    expect(page.locator(".bubble--mine", has_text="Respondo daqui")).to_be_visible()
    assert receiver.wait("presence.update")
    assert receiver.wait("messages.upsert")[0].data["message"] == {"conversation": "Respondo daqui"}
    expect(page.locator(".composer__text")).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert errors == []
