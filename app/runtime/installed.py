"""Whether the installation is known to be complete, at the price of one query."""

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg2

from app.runtime.checks import plain
from app.runtime.failure import Failure
from app.runtime.settings import PROJECT

_STATE = "SELECT string_agg(version_num, ',') FROM alembic_version HAVING EXISTS (SELECT FROM tenants)"


def ensure(env: Mapping[str, str], stamp: Path | None) -> list[str]:
    """Migrate and make the first admin unless the stamp says that it was done; lines for the operator."""
    owner_url = env["MIGRATION_DATABASE_URL"]
    if stamp is not None and stamp.exists() and stamp.read_text() == _fingerprint(owner_url):
        return []
    lines = _bring_up_to_date(env)
    if stamp is not None:
        stamp.write_text(_fingerprint(owner_url))
    return lines


def _bring_up_to_date(env: Mapping[str, str]) -> list[str]:
    command = [sys.executable, "-m", "app.runtime.installation"]
    answer = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-1:] or ["sem explicação (no output)"]
        raise Failure(f"O banco de dados não foi preparado (migrations or first admin): {last[0]}")
    return [line for line in answer.stdout.splitlines() if line]


def _fingerprint(owner_url: str) -> str:
    """The migrations of this version of the program, and where the database stands."""
    total = hashlib.sha256()
    for file in sorted((PROJECT / "migrations").rglob("*.py")):
        total.update(file.read_bytes())
    return f"{total.hexdigest()} {_state(owner_url)}"


def _state(owner_url: str) -> str:
    try:
        with contextlib.closing(psycopg2.connect(plain(owner_url))) as connection, connection.cursor() as cursor:
            cursor.execute(_STATE)
            return str(cursor.fetchone())
    except psycopg2.Error as error:
        return f"unknown: {error.pgcode}"
