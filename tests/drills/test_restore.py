"""The server is gone in the middle of a campaign; yesterday's backup wakes on another one."""

import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner

from app.config import psycopg2_url
from app.runtime import console, settings
from app.runtime.settings import Settings
from tests import servers
from tests.drills.conftest import Servers
from tests.drills.stage import ROOT, Campaign, Stage, make_campaign, wait_until
from tests.drills.test_send_queue import SOME, report

pytestmark = pytest.mark.drill

KEY = "chave-das-copias-de-seguranca-0123456789"


def operator(stage: Stage, own: Servers, folder: Path, data: Path, database: str) -> Settings:
    """Their settings on a machine whose database has that name."""
    cluster = own.postgres.cluster
    given = stage.environment() | {
        "RECADO_DATA": str(data),
        "DATABASE_URL": cluster.url("recado_app", database),
        "MIGRATION_DATABASE_URL": cluster.url("recado_owner", database),
        "BACKUP_URL": f"file:{folder}/copies",
        "BACKUP_KEY": KEY,
    }
    return settings.load(given)


def recado(of: Settings, *words: str) -> str:
    told = CliRunner().invoke(console.COMMANDS[words[0]], words[1:], obj=of)
    assert told.exit_code == 0, told.exception
    return told.output


def ask(of: Settings, question: str) -> Any:
    with closing(psycopg2.connect(of.owner_url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def test_a_restored_server_sends_nothing_twice(stage: Stage, own_servers: Servers, tmp_path: Path):
    campaign = make_campaign(stage, SOME)
    here = operator(stage, own_servers, tmp_path, stage.config.data_dir, "recado")
    wait_until(lambda: campaign.left() > SOME // 4, 120, campaign.describe)
    backup = recado(here, "backup")
    campaign.assert_accounted(seconds=240)  # the original goes on: all that the backup believes queued leaves
    left = campaign.left()
    for name in stage.processes:
        stage.kill(name)

    servers._as_superuser(own_servers.postgres.cluster, servers.sql.SQL("CREATE DATABASE woken OWNER recado_owner"))
    there = operator(stage, own_servers, tmp_path, tmp_path / "woken", "woken")
    restored = recado(there, "restore")
    woken = awake(stage, there)
    try:
        held = ask(there, "SELECT count(*) FROM outbox WHERE held = 'restored'")
        assert held > 0
        nothing_leaves(campaign, left)
        found = search_at_the_gateway(there)
        held_on = ask(there, "SELECT count(*) FROM outbox WHERE held = 'restored'")
        assert held_on < held  # the original sent what the backup believed queued; the gateway remembers
        tell_to_go_on(there)
        nothing_leaves(
            campaign, left
        )  # safe mode is over, and what the backup believed unsent still waits for a person
        assert ask(there, "SELECT count(*) FROM outbox WHERE held = 'restored'") == held_on
    finally:
        woken.close()
    report("restored", backup=backup.strip(), restored=restored.splitlines()[0], held=held,
           found_at_the_gateway=held - held_on, searched_s=found, sent_twice=0)  # fmt: skip


def awake(stage: Stage, of: Settings) -> Stage:
    """Senders and clock of the new machine; the same gateway."""
    config = replace(stage.config, database_url=psycopg2_url(of.database_url), data_dir=of.data)
    woken = replace(stage, config=config, processes={})
    woken.start("send", "default", "cron")
    return woken


def nothing_leaves(campaign: Campaign, left: int) -> None:
    """For as long as the original took to send a good part of it."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        assert campaign.left() == left
        threading.Event().wait(0.5)


def search_at_the_gateway(of: Settings) -> str:
    """`recado outbox search-restored`, as on the new machine; seconds."""
    began = time.monotonic()
    command = [sys.executable, "recado.py", "outbox", "search-restored"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **of.env}, check=False, timeout=300)
    assert done.returncode in (0, 3)  # 3: a gateway is away, as those of the drills before this one are
    return f"{time.monotonic() - began:.1f}"


def tell_to_go_on(of: Settings) -> None:
    with closing(psycopg2.connect(of.owner_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE tenants SET safe_mode = false")
