"""What the database says: its size, its busiest statements, its connections."""

import re
from dataclasses import dataclass

from benchmarks.load.site import Site

TOP = 10
_BUSIEST = """
    SELECT query, calls, total_exec_time, mean_exec_time, max_exec_time FROM pg_stat_statements
    JOIN pg_roles r ON r.oid = userid WHERE r.rolname = 'recado_app'
    ORDER BY {} DESC LIMIT {}
"""
_SIZES = """
    SELECT regexp_replace(relname, '_(\\d{4}_?\\d{2}|default)$', '') AS name, sum(pg_total_relation_size(oid))::bigint
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 2 DESC LIMIT 6
"""


@dataclass(frozen=True)
class Statement:
    """Times in milliseconds."""

    text: str
    calls: int
    total: float
    mean: float
    longest: float


def watch(site: Site) -> None:
    """From now on."""
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        cursor.execute("SELECT pg_stat_statements_reset()")


def busiest(site: Site) -> list[Statement]:
    return _statements(site, "total_exec_time")


def slowest(site: Site) -> list[Statement]:
    return _statements(site, "max_exec_time")


def _statements(site: Site, order: str) -> list[Statement]:
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute(_BUSIEST.format(order, TOP))
        return [Statement(_short(text), *rest) for text, *rest in cursor.fetchall()]


def _short(text: str) -> str:
    flat = re.sub(r"\s+", " ", text).strip().replace("|", "¦").replace("`", "'")
    return flat if len(flat) <= 110 else flat[:107] + "…"


def size(site: Site) -> int:
    return int(site.servers.scalar("SELECT pg_database_size('recado')"))


def talk_size(site: Site) -> int:
    """Without people and their sheets."""
    people = "relname LIKE 'contact%' OR relname LIKE 'import%' OR relname LIKE 'group%'"
    return int(
        site.servers.scalar(f"""
            SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT ({people})
        """)
    )


def tables(site: Site) -> list[tuple[str, int]]:
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute(_SIZES)
        return [(str(name), int(size)) for name, size in cursor.fetchall()]


def connections(site: Site) -> int:
    count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    return int(site.servers.scalar(count))


def left(site: Site) -> int:
    """Events not read yet, and messages still to be sent."""
    waiting = "SELECT (SELECT count(*) FROM inbound_events WHERE state = 'pending') + (SELECT count(*) FROM outbox)"
    return int(site.servers.scalar(waiting))
