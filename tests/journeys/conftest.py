from collections.abc import Iterator

import pytest

from tests.journeys.stack import Stack, running


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running() as stack:
        yield stack
