import socket
from pathlib import Path

import psycopg2
import pytest

from app.runtime import checks
from app.runtime.failure import Failure
from tests import servers


def test_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"Porta {port} ocupada"):
            checks.free_port("127.0.0.1", port)


def test_free_port_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as brief:
        port = brief.getsockname()[1]
    checks.free_port("127.0.0.1", port)


def test_full_disk_is_said_before_anything_is_written(tmp_path: Path) -> None:
    checks.free_space(tmp_path, least=1)
    with pytest.raises(Failure, match="Sem espaço em disco"):
        checks.free_space(tmp_path, least=2**62)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/nothing",
        "postgresql+psycopg2://nobody:s3cret@127.0.0.1:1/nothing",
        "this is no address",
        "postgresql://x@/recado?host=/nowhere",
    ],
)
def test_wrong_database_url_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(Failure, match="DATABASE_URL não funciona") as failure:
        checks.database_answers(url)
    assert "\n" not in str(failure.value)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere.sock", "http://x"])
def test_wrong_redis_url_is_one_line(url: str) -> None:
    with pytest.raises(Failure, match="REDIS_URL não funciona") as failure:
        checks.redis_answers(url)
    assert "\n" not in str(failure.value)


def test_application_role_is_accepted(database: servers.Urls) -> None:
    checks.application_role(database.app_url)


def test_superuser_and_owner_are_refused(database: servers.Urls) -> None:
    with pytest.raises(Failure, match="superuser"):
        checks.application_role(database.superuser_url)
    with pytest.raises(Failure, match="owner"):
        checks.application_role(database.owner_url)


@pytest.mark.parametrize(("grant", "reason"), [("BYPASSRLS", "BYPASSRLS"), ("IN ROLE recado_owner", "owner")])
def test_roles_with_borrowed_power_are_refused(database: servers.Urls, grant: str, reason: str) -> None:
    connection = psycopg2.connect(database.superuser_url)
    connection.autocommit = True
    role = f"stray_{database.name}_{reason.lower()}"
    connection.cursor().execute(f"CREATE ROLE {role} LOGIN {grant}")
    try:
        with pytest.raises(Failure, match=reason):
            checks.application_role(database.app_url.replace("recado_app@", f"{role}@"))
    finally:
        connection.cursor().execute(f"DROP ROLE {role}")
        connection.close()
