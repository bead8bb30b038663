from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from rq import Queue

from app.config import Config
from app.core import background
from app.instances.models import Instance
from app.instances.service import create
from tests.simulated import KEY, Simulator, simulator


@pytest.fixture(scope="session")
def _sim() -> Iterator[Simulator]:
    with simulator(speed=100) as running:
        yield running


@pytest.fixture
def sim(_sim: Simulator) -> Simulator:
    _sim.play("POST", "reset")
    _sim.play("POST", "config", speed=100, qr_limit=30, qr_seconds=45.0)
    return _sim


@pytest.fixture
def to_sim(sim: Simulator, config: Config, app: Flask) -> Iterator[Config]:
    """The application talks to the simulator; webhooks lead nowhere, so only asking tells what happened."""
    changed = replace(config, evolution_api_url=sim.url, evolution_api_key=KEY, public_url="http://127.0.0.1:9")
    app.extensions["recado"] = changed
    yield changed
    app.extensions["recado"] = config


@pytest.fixture
def work(ctx: Flask) -> Callable[[], list[str]]:
    """Run what waits in the queue, as a worker would; returns the names of the jobs."""

    def run() -> list[str]:
        queue, done = Queue("default", connection=background.redis()), []
        while jobs := queue.get_jobs():
            for job in jobs:
                kwargs: dict[str, Any] = job.kwargs
                job.delete()
                background.run(**kwargs)
                done.append(kwargs["name"])
        return done

    return run


@pytest.fixture
def loja(as_admin, to_sim: Config) -> Instance:
    return create(to_sim, name="Loja Centro")
