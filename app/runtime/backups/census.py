"""What a database holds, in figures that can be compared after a restore: rows and a checksum for every table."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as Connection

from app.runtime.checks import plain

Census = dict[str, list[Any]]

# The text of a row must not depend on where it is read.
_PLAINLY = (
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';"
    "SET extra_float_digits = 1; SET search_path = public; SET row_security = off"
)
_TABLES = """
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""


@contextmanager
def photograph(owner_url: str) -> Iterator[tuple[Connection, str]]:
    """A connection that sees one moment, and the name by which pg_dump sees the same one."""
    with closing(psycopg2.connect(plain(owner_url), connect_timeout=10)) as connection:
        connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            yield connection, str(cursor.fetchone()[0])


def take(connection: Connection) -> Census:
    """`{table: [rows, checksum]}`; every order of rows has the same checksum."""
    found: Census = {}
    with connection.cursor() as cursor:
        cursor.execute(_PLAINLY)
        cursor.execute(_TABLES)
        for (name,) in cursor.fetchall():
            question = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} t"
            cursor.execute(sql.SQL(question).format(sql.Identifier(name)))
            found[name] = list(cursor.fetchone())
    return found


def of(owner_url: str) -> Census:
    with closing(psycopg2.connect(plain(owner_url), connect_timeout=10)) as connection:
        return take(connection)


def differences(before: Census, after: Census) -> list[str]:
    """One line for each table that isn't as it was."""
    return [
        f"{name}: {before.get(name, ['-'])[0]} → {after.get(name, ['-'])[0]}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
