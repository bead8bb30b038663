from collections.abc import Iterator

import pytest

from tests.ports import free_port
from tests.simulator.driver import Gateway, Receiver, receiving, running


@pytest.fixture(scope="module")
def program() -> Iterator[int]:
    port = free_port()
    with running(port):
        yield port


@pytest.fixture
def gateway(program: int) -> Gateway:
    gateway = Gateway(program)
    gateway.sim("POST", "reset")
    return gateway


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def shop(gateway: Gateway, receiver: Receiver) -> Gateway:
    """A connected number `loja` whose events all reach the receiver; customers read everything."""
    gateway.sim("POST", "config", {"behaviour": {"read_probability": 1, "played_probability": 1}})
    gateway.create(webhook={"url": receiver.url, "events": []})
    gateway.pair(receiver)
    return gateway
