"""A receiver, addresses that tell it things, and a deliverer that is driven by hand."""

import random
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from app.hooks import service
from app.hooks.sender import Deliverer
from tests.hooks.receiver import Receiver, receiver


@pytest.fixture
def site() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def hook(company, site):
    """`hook(events=[…], path="/")`: a subscription of the company's admin."""

    def make(*events, path="/", who=None, role="admin", **more):
        with acting((who or company).actor(role)):
            new = service.create_webhook(site.url(path), list(events) or ["contact.*"], **more)
            return SimpleNamespace(id=new.row.id, secret=new.secret)

    return make


@pytest.fixture
def deliverer(ctx, owner_engine) -> Iterator[Deliverer]:
    with owner_engine.begin() as connection:  # what other tests left waiting is not this one's
        connection.execute(text("DELETE FROM webhook_deliveries"))
        connection.execute(text("DELETE FROM webhooks"))
    made = Deliverer(rng=random.Random(1), lease=300.0, timeout=120.0)
    yield made
    made.drain(10)


@pytest.fixture
def deliver(deliverer) -> Callable[..., None]:
    """`deliver(until)`: turns until the condition holds; without one, until nothing is left that is due."""

    def run(until=None):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if not deliverer.turn() and (until is None or until()):
                return
            if until is not None and until() and not deliverer._busy():
                deliverer.turn()
                return
        raise AssertionError("nothing came of it")

    return run


@pytest.fixture
def rows(company) -> Callable[[], list]:
    """Deliveries of the company in the order they were made."""

    def read(who=None):
        with acting((who or company).actor()), transaction() as session:
            return session.execute(text("SELECT * FROM webhook_deliveries ORDER BY seq")).all()

    return read


@pytest.fixture
def due(company) -> Callable[[], None]:
    """Whatever waits for its time is due now."""

    def make():
        with acting(company.actor()), transaction() as session:
            session.execute(
                text("UPDATE webhook_deliveries SET next_at = now() - interval '1 s' WHERE state = 'pending'")
            )
            session.execute(text("UPDATE webhooks SET retry_at = NULL"))

    return make
