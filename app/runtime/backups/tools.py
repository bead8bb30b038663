"""pg_dump and pg_restore, of a version that fits the server."""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from app.runtime import postgres
from app.runtime.checks import plain
from app.runtime.failure import Failure

_INSTALLED = Path("/usr/lib/postgresql")
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
              "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip


def server_major(url: str) -> int:
    try:
        with contextlib.closing(psycopg2.connect(plain(url), connect_timeout=10)) as connection:
            return int(connection.server_version // 10000)
    except psycopg2.Error as error:
        raise Failure(f"O banco não respondeu (database): {str(error).strip().splitlines()[-1]}") from error


def dump(url: str, target: Path, *, snapshot: str = "") -> int:
    """pg_dump in its own format; the major version that made it."""
    folder, major = fitting(server_major(url))
    same = [f"--snapshot={snapshot}"] if snapshot else []
    _run([str(folder / "pg_dump"), "-Fc", "--no-owner", "--no-comments", *same, "-f", str(target)], url)
    return major


def restore(url: str, source: Path, *, made_by: int) -> None:
    """Into an empty database, all or nothing of each object; the grants that were in it too."""
    folder, _major = fitting(max(server_major(url), made_by))
    jobs = str(max(1, min(4, os.cpu_count() or 1)))
    command = [str(folder / "pg_restore"), "--no-owner", "--no-comments", "--exit-on-error", "-j", jobs]
    _run([*command, "-d", str(parse_dsn(plain(url))["dbname"]), str(source)], url)


def fitting(least: int) -> tuple[Path, int]:
    """The oldest tools that are not older than the server: newer ones write settings that an older server refuses."""
    found = {major: folder for folder in _folders() if (major := _major(folder)) >= least}
    if not found:
        raise Failure(f"Falta pg_dump {least} ou mais novo: apt-get install postgresql-client-{least}")
    return found[min(found)], min(found)


def _folders() -> list[Path]:
    inside = [postgres.binary("pg_dump").parent]
    on_path = [Path(found).parent] if (found := shutil.which("pg_dump")) else []
    return [*inside, *on_path, *_INSTALLED.glob("*/bin")]


def _major(folder: Path) -> int:
    try:
        told = subprocess.run([folder / "pg_restore", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    number = re.search(r"(\d+)", told)
    return int(number.group(1)) if number else 0


def _run(command: list[str], url: str) -> None:
    """The address goes by the environment: a command line is everybody's to read."""
    told = subprocess.run(command, env=_environment(url), capture_output=True, text=True, check=False)
    if told.returncode:
        lines = [line for line in told.stderr.strip().splitlines() if "error" in line.lower()] or [told.stderr.strip()]
        raise Failure(f"{Path(command[0]).name} parou (failed): {lines[0][:400]}")


def _environment(url: str) -> dict[str, str]:
    parts = parse_dsn(plain(url))
    given = {_VARIABLES[name]: value for name, value in parts.items() if name in _VARIABLES}
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, **given}


def named(url: str) -> str:
    """The address without its password, for people."""
    return make_dsn(**{name: value for name, value in parse_dsn(plain(url)).items() if name != "password"})


def user_of(url: str) -> str:
    return urlsplit(plain(url)).username or str(parse_dsn(plain(url)).get("user", ""))
