"""An application with one more feature than the real one."""

from collections.abc import Iterator

import pytest
from flask import Flask

import app.api as frame
from app import create_app
from app.config import Config
from tests.clients import IsolatedClient


@pytest.fixture(scope="session")
def app(config: Config) -> Iterator[Flask]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "FEATURES", (*frame.FEATURES, "tests.api.probe"))
        made = create_app(config)
        made.config["PROPAGATE_EXCEPTIONS"] = False
        made.test_client_class = IsolatedClient
        yield made
