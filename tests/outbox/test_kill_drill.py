"""A short drill for every day: the sender is killed again and again in mid-campaign. The long ones: `make drills`."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import Config
from tests.drills.stage import Gateway, Stage, make_campaign

MESSAGES, KILLS, SEED = 300, 4, 20


@pytest.fixture
def stage(app: Flask, config: Config, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(app, config, Gateway(tmp_path / "gateway", speed=100), scale=0.02, log=tmp_path / "workers.log")
    try:
        stage.gateway.start()
        stage.start("send", "send2", "default", "cron")
        yield stage
    finally:
        stage.close()


def test_a_sender_killed_at_random_moments_sends_everything_once(stage: Stage):
    campaign = make_campaign(stage, MESSAGES)
    chance, kills = random.Random(SEED), 0
    deadline = time.monotonic() + 60
    while campaign.waiting() and time.monotonic() < deadline:
        left = campaign.left()
        if kills < KILLS and left > kills * MESSAGES // (KILLS + 1):
            time.sleep(chance.uniform(0, 0.15))  # anywhere between a claim and a result
            stage.kill(("send", "send2")[kills % 2])
            kills += 1
        stage.keep_alive()
        time.sleep(0.05)
    found = campaign.assert_accounted(seconds=30)
    assert kills == KILLS
    assert found["sent"] >= MESSAGES - 16 * KILLS
