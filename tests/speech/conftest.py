"""The stand-in for paid providers, at the wire."""

from collections.abc import Iterator

import pytest

from app.speech.providers import calling
from tests.speech.wire import Wire, start


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.setattr(calling, "PAUSES", (0.0, 0.0))
    made = Wire()
    server = start(made)
    yield made
    made.release.set()
    server.shutdown()
    server.server_close()
