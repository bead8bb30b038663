"""Commands beside a run: they find its servers and disturb nothing."""

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
