"""Commands beside a run: they find its servers and disturb nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.runtime import console, settings
from app.runtime.failure import Failure
from tests import servers


def test_given_addresses_are_used_as_they_are(database: servers.Urls, tmp_path: Path) -> None:
    given = {"RECADO_DATA": str(tmp_path), "DATABASE_URL": database.app_url, "REDIS_URL": "redis://elsewhere"}
    env = console.environment(settings.load(given))
    assert (env["DATABASE_URL"], env["REDIS_URL"]) == (database.app_url, "redis://elsewhere")


def test_the_embedded_servers_are_found_but_not_started(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="DATABASE_URL"):
        console.environment(settings.load({"RECADO_DATA": str(tmp_path)}))
    assert not list(tmp_path.glob("pg*"))


def test_a_role_above_isolation_is_refused(database: servers.Urls, tmp_path: Path) -> None:
    given = {"RECADO_DATA": str(tmp_path), "DATABASE_URL": database.owner_url}
    with pytest.raises(Failure, match="owner"):
        console.environment(settings.load(given))


def recado(database: servers.Urls, redis_url: str, data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As an operator types it."""
    given = {"DATABASE_URL": database.app_url, "MIGRATION_DATABASE_URL": database.owner_url, "REDIS_URL": redis_url}
    command = [sys.executable, "recado.py", *words]
    env = {**os.environ, **given, "RECADO_DATA": str(data)}
    return subprocess.run(command, cwd=servers.ROOT, env=env, capture_output=True, text=True, check=False)


def test_every_command_is_found_from_the_terminal(database: servers.Urls, redis_url: str, tmp_path: Path) -> None:
    told = recado(database, redis_url, tmp_path, "--help").stdout
    for name in ("backup", "dead-letters", "doctor", "outbox", "pause-all", "publish-assets", "restore", "safe-mode",
                 "tenants", "users"):  # fmt: skip
        assert f"\n  {name} " in told
    published = recado(database, redis_url, tmp_path, "publish-assets", str(tmp_path / "assets"))
    assert published.returncode == 0, published.stderr
    assert (Path(published.stdout.strip()) / "css/app.css").exists()


def test_a_word_that_is_no_command_is_said_so(database: servers.Urls, redis_url: str, tmp_path: Path) -> None:
    assert recado(database, redis_url, tmp_path, "nonsense").returncode == 2
