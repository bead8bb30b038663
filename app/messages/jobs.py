"""Keeping the ledger's months ahead of time and no longer than wanted, and counters short."""

import structlog
from flask import current_app
from sqlalchemy import text

from app.config import Config
from app.core import clock
from app.core.background import job
from app.core.retention import every_tenant
from app.extensions import db
from app.messages import service
from app.messages.service import months

log = structlog.get_logger(__name__)


@job("messages.partitions", every=3600, timeout=1800)
def make_partitions() -> int:
    """The months to come, and those that nobody keeps anything in; how many were made."""
    config: Config = current_app.extensions["recado"]
    if not config.migration_database_url:
        log.warning("partitions_skipped", reason="MIGRATION_DATABASE_URL is not set")
        return 0
    engine = months.owner(config.migration_database_url)
    made = months.make(engine)
    months.drop_old(engine)
    return made


@job("messages.forget", every=24 * 3600, timeout=4 * 3600)
def forget() -> None:
    """What each company decided not to keep any longer."""
    for _tenant_id in every_tenant():
        service.forget_old(clock.now())


@job("messages.compact_counters", every=600)
def compact_counters() -> None:
    with db.engine.begin() as connection:
        connection.execute(text("SELECT compact_counters()"))
