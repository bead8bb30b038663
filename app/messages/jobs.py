"""Keeping the ledger's partitions ahead of time, and counters short."""

import structlog
from flask import current_app
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.config import Config
from app.core import clock
from app.core.background import job
from app.extensions import db

log = structlog.get_logger(__name__)

PARTITIONED = ("messages", "message_events", "audit_logs")
MONTHS_AHEAD = 4


@job("messages.partitions", every=3600)
def make_partitions() -> int:
    """As the owner, the months to come; how many were made. A row in a DEFAULT partition was not foreseen."""
    config: Config = current_app.extensions["recado"]
    if not config.migration_database_url:
        log.warning("partitions_skipped", reason="MIGRATION_DATABASE_URL is not set")
        return 0
    made = 0
    engine = create_engine(config.migration_database_url, poolclass=NullPool)
    with engine.begin() as connection:
        for table in PARTITIONED:
            made += connection.scalar(
                text("SELECT make_month_partitions(:table, :day, :months)"),
                {"table": table, "day": clock.now().date(), "months": MONTHS_AHEAD},
            )
            if connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table}_default)")):
                log.error("default_partition_not_empty", table=table)
    return made


@job("messages.compact_counters", every=600)
def compact_counters() -> None:
    with db.engine.begin() as connection:
        connection.execute(text("SELECT compact_counters()"))
