"""Rows that nobody will ask for again."""

from datetime import datetime

from sqlalchemy import text

from app.core.db import transaction


def forget_ended(before: datetime) -> None:
    """Sessions and refresh tokens that ended before then."""
    with transaction() as session:
        for table in ("sessions", "refresh_tokens"):
            ended = f"DELETE FROM {table} WHERE least(expires_at, coalesce(revoked_at, 'infinity')) < :before"
            session.execute(text(ended), {"before": before})


def forget_idempotency_keys(before: datetime) -> None:
    with transaction() as session:
        session.execute(text("DELETE FROM idempotency_keys WHERE created_at < :before"), {"before": before})
