from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.shop import Shop, at_the_inbox, open_shop
from tests.journeys.stack import Stack, running


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running() as stack:
        yield stack


@pytest.fixture(scope="session")
def shop(browser: Browser, stack: Stack) -> Shop:
    """Everybody's: use names and phones of your own."""
    return open_shop(browser, stack)


@pytest.fixture
def bia(browser: Browser, stack: Stack, shop: Shop) -> Iterator[Page]:
    yield from at_the_inbox(browser, stack, "bia@doceria.com.br", permissions=["microphone"])


@pytest.fixture
def caio(browser: Browser, stack: Stack, shop: Shop) -> Iterator[Page]:
    yield from at_the_inbox(browser, stack, "caio@doceria.com.br")
