"""Deleting what has served its time, company by company and in small batches."""

import uuid
from collections.abc import Iterator

from sqlalchemy import text

from app.core.context import acting, system
from app.core.db import release, transaction
from app.extensions import db

BATCH = 5000


def every_tenant() -> Iterator[uuid.UUID]:
    """Each active company in turn, acting as the system inside it."""
    with db.engine.connect() as connection:
        found = list(connection.scalars(text("SELECT active_tenants()")))
    for tenant_id in found:
        with acting(system(tenant_id)):
            yield tenant_id
        release()


def purge(table: str, condition: str) -> int:
    """Delete this tenant's rows that match; both arguments are ours, never input. How many."""
    statement = text(
        f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {BATCH}))"
        " RETURNING 1"
    )
    total = 0
    while True:
        with transaction() as session:
            gone = len(session.execute(statement).all())
        total += gone
        if gone < BATCH:
            return total
