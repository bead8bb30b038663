"""The ledger's months: made ahead of time, dropped when nobody keeps anything in them. As the owner; in a worker."""

import re
from datetime import UTC, datetime

import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.core import clock

log = structlog.get_logger(__name__)

PARTITIONED = ("messages", "message_events", "audit_logs")
MONTHS_AHEAD = 4
YOUNGEST = 2  # months back: a younger one is never dropped
# A table's locks are waited for only briefly: behind one that waits, everybody would (a backup holds its own for long).
_PATIENCE = text("SET LOCAL lock_timeout = '3s'")
_NAMES = text("""
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = cast(:parent AS regclass) ORDER BY 1
""")
# What of a month has to stay: whose company keeps it longer (or for ever), what still is to be sent or found out, what
# belongs to an open conversation.
_STAYS = {
    "messages": """
        SELECT EXISTS (SELECT FROM {part} m LEFT JOIN tenants t ON t.id = m.tenant_id
            WHERE coalesce((t.settings->>'messages_months')::int, 0) = 0
                OR cast(:end AS timestamptz) > cast(:now AS timestamptz)
                    - make_interval(months => (t.settings->>'messages_months')::int)
                OR m.status IN ('queued', 'sending', 'unconfirmed', 'held')
                OR EXISTS (SELECT FROM outbox o WHERE o.message_id = m.id)
                OR EXISTS (SELECT FROM tickets k WHERE k.id = m.ticket_id AND k.status <> 'closed'))
    """,
    "message_events": """
        SELECT EXISTS (SELECT FROM {part} e WHERE EXISTS (SELECT FROM messages m WHERE m.id = e.message_id))
    """,
    "audit_logs": "SELECT EXISTS (SELECT FROM {part})",
}


def owner(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


def make(engine: Engine) -> int:
    """The months to come; how many were made. What can't be locked now is made an hour later: there are months left."""
    made = 0
    for table in PARTITIONED:
        try:
            with engine.begin() as connection:
                connection.execute(_PATIENCE)
                values = {"table": table, "day": clock.now().date(), "months": MONTHS_AHEAD}
                made += connection.scalar(text("SELECT make_month_partitions(:table, :day, :months)"), values)
                if connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table}_default)")):
                    log.error("default_partition_not_empty", table=table)
        except OperationalError as error:
            log.warning("partitions_later", table=table, error=str(error.orig).strip())
    return made


def drop_old(engine: Engine) -> list[str]:
    """Months of which nothing has to stay; messages first, so that their events follow."""
    gone = []
    for table in PARTITIONED:
        with engine.connect() as connection:
            names = [name for name in connection.scalars(_NAMES, {"parent": table}) if _is_old(name)]
        for name in names:
            try:
                with engine.begin() as connection:
                    gone += [name] if _drop(connection, table, name) else []
            except OperationalError as error:
                log.warning("partitions_later", table=name, error=str(error.orig).strip())
    return gone


def _is_old(name: str) -> bool:
    ends, now = _end(name), clock.now()
    return ends is not None and (now.year - ends.year) * 12 + now.month - ends.month >= YOUNGEST


def _end(name: str) -> datetime | None:
    """The first moment after the month; None for what is no month, as the DEFAULT partition."""
    found = re.fullmatch(r"[a-z_]+_(\d{4})_(\d{2})", name)
    if not found:
        return None
    year, month = int(found[1]), int(found[2])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _drop(connection: Connection, table: str, name: str) -> bool:
    """Nobody writes to an old month, but a person may open one of its conversations again: looked at under its lock."""
    connection.execute(_PATIENCE)
    stays = text(_STAYS[table].format(part=name))
    values = {"end": _end(name), "now": clock.now()} if table == "messages" else {}
    if connection.scalar(stays, values):
        return False
    connection.execute(text(f"ALTER TABLE {table} DETACH PARTITION {name}"))
    if connection.scalar(stays, values):
        raise RuntimeError(f"{name} is wanted again")
    connection.execute(text(f"DROP TABLE {name}"))
    log.info("month_dropped", table=name)
    return True
