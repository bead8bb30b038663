"""Real servers, real migrations, real commits: each test gets a tenant of its own instead of a rollback."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from app import create_app
from app.config import Config, SendTimings, psycopg2_url
from app.core import background, migrate
from app.core.context import Actor, acting
from app.extensions import db
from tests import servers
from tests.clients import ApiClient, IsolatedClient, sign_in
from tests.factories import Company, make_company

pytest_plugins = ["tests.belongings", "tests.browsers"]


@pytest.fixture(scope="session")
def database() -> servers.Urls:
    """One migrated database per xdist worker, cloned from the run's template."""
    cluster = servers.shared_cluster(lambda urls: migrate.upgrade(psycopg2_url(urls.owner_url), urls.app_url))
    return servers.new_database(cluster, f"recado_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.valkey_server(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture(scope="session")
def config(database: servers.Urls, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(
        database_url=psycopg2_url(database.app_url),
        migration_database_url=psycopg2_url(database.owner_url),
        redis_url=redis_url,
        secret_key="test-secret-key",
        data_dir=Path(tmp_path_factory.mktemp("data")),
        encryption_keys=[Fernet.generate_key().decode()],
        evolution_api_url="http://127.0.0.1:9",
        evolution_api_key="test-key",
        outbound_allow=["127.0.0.0/8"],
        api_rate_limit="10000 per minute",
        login_rate_limit="1000 per minute",
        testing=True,
        send=replace(SendTimings(), shift=2.0),
    )


@pytest.fixture(scope="session")
def app(config: Config) -> Flask:
    app = create_app(config)
    app.test_client_class = IsolatedClient
    return app


@pytest.fixture(autouse=True)
def _clean_redis(request: pytest.FixtureRequest) -> None:
    if "redis_url" in request.fixturenames:
        Redis.from_url(request.getfixturevalue("redis_url")).flushall()


@pytest.fixture
def ctx(app: Flask) -> Iterator[Flask]:
    """An application context; the session is clean before and after."""
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def owner_engine(database: servers.Urls) -> Iterator[Engine]:
    """The owner's connection: sees every tenant. For arranging and checking only."""
    engine = create_engine(psycopg2_url(database.owner_url))
    yield engine
    engine.dispose()


@pytest.fixture
def company(ctx: Flask) -> Company:
    """A new company with one person per role: admin, manager, agent, viewer, developer."""
    return make_company()


@pytest.fixture
def outsider(ctx: Flask) -> Company:
    """Another company, whose people must see nothing of the first."""
    return make_company()


@pytest.fixture
def as_admin(company: Company) -> Iterator[Actor]:
    with acting(company.actor("admin")) as actor:
        yield actor


@pytest.fixture
def act(company: Company) -> Callable[[str], object]:
    """`with act("agent"): …` runs as that role."""
    return lambda role: acting(company.actor(role))


@pytest.fixture
def unique() -> Callable[[str], str]:
    return lambda prefix="x": f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def client(app: Flask) -> IsolatedClient:
    """A browser that nobody signed in."""
    return app.test_client()  # type: ignore[return-value]


@pytest.fixture
def client_for(app: Flask, company: Company) -> Callable[..., IsolatedClient]:
    """`client_for("agent")`: a browser signed in as that role of `company`, or of `client_for("admin", outsider)`."""
    return lambda role="admin", who=None: sign_in(app.test_client(), who or company, role)


@pytest.fixture
def api_client(app: Flask, company: Company) -> Callable[..., ApiClient]:
    """`api_client("agent").get("/contacts")`: signed in with a JWT; paths are relative to `/api/v1`."""
    return lambda role="admin", who=None: ApiClient.sign_in(app.test_client(), who or company, role)


@pytest.fixture
def without_redis(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis refuses every connection during the test."""
    monkeypatch.setattr(background, "_redis", Redis.from_url("redis://127.0.0.1:1/0"))
