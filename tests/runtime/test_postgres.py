import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from app.runtime import postgres, processes
from app.runtime.failure import Failure
from app.runtime.postgres import THROWAWAY
from tests.servers import ROOT

TELL = "import sys; from pathlib import Path; from app.runtime import postgres; "


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path of our own: pytest's is too long for a socket, which is another test's business."""
    with tempfile.TemporaryDirectory(prefix="recado-") as folder:
        yield Path(folder)
        processes.end(processes.living_in(Path(folder).resolve() / f"pg{postgres.major()}"), signal.SIGINT)


def test_starts_with_two_powerless_roles_and_no_tcp(root: Path) -> None:
    server = postgres.start(root, THROWAWAY)
    try:
        roles = ask(
            server.superuser_url,
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname LIKE 'recado%' ORDER BY 1",
        )
        assert roles == [("recado_app", *[False] * 4), ("recado_owner", *[False] * 4)]
        assert ask(server.app_url, "SHOW listen_addresses") == [("",)]
        assert ask(server.owner_url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'recado'") == [
            ("recado_owner",)
        ]
    finally:
        server.stop()
    assert server.process.returncode == 0


def test_accents_survive_lower_and_trigrams(root: Path) -> None:
    server = postgres.start(root, THROWAWAY)
    try:
        assert ask(server.app_url, "SELECT lower('AÇÃO'), similarity('ação', 'acao') < 1, unaccent('ação')") == [
            ("ação", True, "acao")
        ]
    finally:
        server.stop()


def test_data_is_kept_between_starts_and_closed_to_others(root: Path) -> None:
    first = postgres.start(root, THROWAWAY)
    ask(first.owner_url, "CREATE TABLE kept AS SELECT 7 AS n")
    first.stop()
    second = postgres.start(root, THROWAWAY)
    try:
        assert ask(second.owner_url, "SELECT n FROM kept") == [(7,)]
        assert second.cluster.data.stat().st_mode & 0o777 == 0o700
        assert second.cluster.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        second.stop()


def test_starts_again_after_kill_9(root: Path) -> None:
    killed = postgres.start(root, THROWAWAY)
    ask(killed.owner_url, "CREATE TABLE kept AS SELECT 7 AS n")
    killed.process.kill()
    killed.process.wait()
    server = postgres.start(root, THROWAWAY)
    try:
        assert ask(server.owner_url, "SELECT n FROM kept") == [(7,)]
    finally:
        server.stop()


def test_pid_file_that_names_a_living_stranger_is_no_obstacle(root: Path) -> None:
    server = postgres.start(root, THROWAWAY)
    pid_file = server.cluster.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.process.kill()
    server.process.wait()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    again = postgres.start(root, THROWAWAY)
    try:
        assert ask(again.app_url, "SELECT 1") == [(1,)]
    finally:
        again.stop()


def test_orphan_of_a_killed_run_is_replaced(root: Path) -> None:
    orphan = postgres.start(root, THROWAWAY)
    server = postgres.start(root, THROWAWAY)
    try:
        assert orphan.process.wait(5) == 0
        assert ask(server.app_url, "SELECT 1") == [(1,)]
    finally:
        server.stop()


def test_interrupted_first_start_is_begun_anew(root: Path) -> None:
    half_made = root / ".pg-new-half"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    server = postgres.start(root, THROWAWAY)
    try:
        assert ask(server.app_url, "SELECT 1") == [(1,)]
        assert not list(root.glob(".pg-new-*"))
    finally:
        server.stop()


def test_data_folder_with_a_long_path_gets_a_short_socket(root: Path) -> None:
    deep = root.joinpath(*["uma-pasta-com-nome-comprido"] * 5)
    deep.mkdir(parents=True)
    server = postgres.start(deep, THROWAWAY)
    try:
        assert ask(server.app_url, "SELECT 1") == [(1,)]
        assert len(str(server.cluster.sockets)) < 80
        assert server.cluster.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_broken_cluster_says_why_in_one_line(root: Path) -> None:
    server = postgres.start(root, THROWAWAY)
    server.stop()
    (server.cluster.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(Failure, match="O PostgreSQL não iniciou") as failure:
        postgres.start(root, THROWAWAY)
    assert "\n" not in str(failure.value)


def test_hostile_environment_does_not_lead_it_astray(root: Path) -> None:
    script = TELL + "s = postgres.start(Path(sys.argv[1]), postgres.THROWAWAY); s.stop()"
    env = os.environ | {"PGDATA": "/nowhere", "LC_ALL": "xx_YY.nothing"}
    subprocess.run([sys.executable, "-c", script, str(root)], cwd=ROOT, env=env, check=True, timeout=60)


# Only root can become somebody else; an ordinary user is the ordinary user anyway.
AS_ROOT = os.geteuid() == 0
IDENTITIES = ["ordinary user", "root without namespaces"] if AS_ROOT else ["ordinary user"]


@pytest.mark.parametrize("way", IDENTITIES)
def test_runs_under_other_identities(root: Path, way: str) -> None:
    script = (
        TELL + "s = postgres.start(Path(sys.argv[1]), postgres.THROWAWAY); "
        "import psycopg2; psycopg2.connect(s.app_url).close(); print(s.process.pid); s.stop()"
    )
    command = [sys.executable, "-c", script, str(root)]
    env = dict(os.environ)
    if way == "root without namespaces":
        env["PATH"] = str(_path_without_unshare(root))
    elif AS_ROOT:
        os.chown(root, 65534, 65534)
        # Reading what others may not is allowed, since the checkout can lie under root's home; writing is not.
        allowed = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *allowed, *command]
    answer = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    data = root / f"pg{postgres.major()}"
    assert data.stat().st_uid == (65534 if AS_ROOT else os.geteuid())
    assert not psutil.pid_exists(int(answer.stdout))


def _path_without_unshare(root: Path) -> Path:
    tools = root / "bin"
    tools.mkdir()
    for tool in ("setpriv", "true", "sync"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    return tools


@pytest.mark.parametrize("way", IDENTITIES[1:])
def test_cluster_changes_hands_between_identities(root: Path, way: str) -> None:
    """Made in one way, then started in another: the files follow."""
    script = TELL + "s = postgres.start(Path(sys.argv[1]), postgres.THROWAWAY); s.stop()"
    env = os.environ | {"PATH": str(_path_without_unshare(root))}
    subprocess.run([sys.executable, "-c", script, str(root)], cwd=ROOT, env=env, check=True, timeout=60)
    server = postgres.start(root, THROWAWAY)
    try:
        assert ask(server.app_url, "SELECT 1") == [(1,)]
    finally:
        server.stop()
