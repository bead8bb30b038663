from collections.abc import Iterator

import pytest

from app.gateways.evolution import EvolutionGateway
from app.gateways.port import Credentials
from tests.gateways.stub import Stub, start


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    server = start(stub)
    yield stub
    stub.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def gateway() -> EvolutionGateway:
    return EvolutionGateway(connect_seconds=0.3, read_seconds=0.3)


@pytest.fixture
def creds(stub: Stub) -> Credentials:
    return Credentials(stub.url, api_key="global", instance_name="loja centro/1", token="own")
