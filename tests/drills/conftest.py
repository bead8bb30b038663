"""One installation of its own for all drills: database, cache, web, workers and gateway may be killed at will."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app import create_app
from app.config import Config, psycopg2_url
from app.core import migrate
from app.extensions import db
from app.runtime import postgres, valkey
from tests.drills.stage import Gateway, Stage

SCALE = 0.02
EVERYBODY = ("send", "send2", "events", "default", "cron", "web")


@dataclass
class Servers:
    postgres: postgres.Server
    valkey: valkey.Server
    root: Path

    def restart_postgres(self, sign: int) -> None:
        """SIGINT: fast, connections cut. SIGQUIT: immediate, as after a crash."""
        self.postgres.process.send_signal(sign)
        self.postgres.process.wait(30)
        self.postgres = postgres.start(self.root, postgres.THROWAWAY)

    def restart_valkey(self) -> None:
        """Killed; everything it held is gone."""
        self.valkey.process.kill()
        self.valkey.process.wait(10)
        self.valkey = valkey.start(self.root)

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()


@pytest.fixture(scope="session")
def own_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    root = tmp_path_factory.mktemp("drills")
    servers = Servers(postgres.start(root, postgres.THROWAWAY), valkey.start(root), root)
    try:
        migrate.upgrade(psycopg2_url(servers.postgres.owner_url), servers.postgres.app_url)
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def drill_app(own_servers: Servers) -> Iterator[Flask]:
    config = replace(
        Config(own_servers.postgres.app_url, own_servers.valkey.url, "segredo-dos-ensaios"),
        database_url=psycopg2_url(own_servers.postgres.app_url),
        data_dir=own_servers.root / "data",
        encryption_keys=[Fernet.generate_key().decode()],
        outbound_allow=["127.0.0.0/8"],
        testing=True,
    )
    config.data_dir.mkdir()
    app = create_app(config)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def scale() -> float:
    return SCALE


@pytest.fixture
def stage(drill_app: Flask, tmp_path: Path, scale: float) -> Iterator[Stage]:
    stage = Stage(
        drill_app,
        drill_app.extensions["recado"],
        Gateway(tmp_path / "gateway", speed=20),
        scale=scale,
        log=tmp_path / "processes.log",
    )
    try:
        stage.gateway.start()
        stage.start(*EVERYBODY)
        yield stage
    finally:
        stage.close()
