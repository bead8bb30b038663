"""Letting go of messages that a company keeps no longer."""

from datetime import datetime

from sqlalchemy import TextClause, text

from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit

BATCH = 2000
_KEPT_MONTHS = text("SELECT coalesce((settings->>'messages_months')::int, 0) FROM tenants WHERE id = :tenant")
# Not what is still to be sent or found out, nor what belongs to an open conversation.
_FORGET = text("""
    WITH gone AS (
        DELETE FROM messages WHERE id IN (
            SELECT m.id FROM messages m WHERE m.tenant_id = :tenant
                AND m.id < uuid7_bound(cast(:now AS timestamptz) - make_interval(months => :months))
                AND m.status NOT IN ('queued', 'sending', 'unconfirmed', 'held')
                AND NOT EXISTS (SELECT FROM outbox o WHERE o.message_id = m.id)
                AND NOT EXISTS (SELECT FROM tickets t WHERE t.id = m.ticket_id AND t.status <> 'closed')
            ORDER BY m.id LIMIT :n)
        RETURNING id
    ), events AS (
        DELETE FROM message_events e USING gone WHERE e.message_id = gone.id
    )
    SELECT count(*) FROM gone
""")
# Also of months that were dropped whole.
_FORGET_REFS = text("""
    WITH gone AS (
        DELETE FROM external_refs WHERE ctid = ANY (ARRAY(SELECT r.ctid FROM external_refs r WHERE r.tenant_id = :tenant
            AND r.created_at < cast(:now AS timestamptz) - make_interval(months => :months)
            AND NOT EXISTS (SELECT FROM messages m WHERE m.id = r.message_id) LIMIT :n)) RETURNING 1
    )
    SELECT count(*) FROM gone
""")


def forget_old(now: datetime) -> int:
    """What the acting company keeps no longer (`messages_months`; 0: everything stays), in batches. How many messages.

    Daily roll-ups, people and closed conversations stay; files go once no message points to them.
    """
    with transaction() as session:
        months = int(session.scalar(_KEPT_MONTHS, {"tenant": current_actor().tenant_id}) or 0)
    if not months:
        return 0
    total = _in_batches(_FORGET, now, months)
    _in_batches(_FORGET_REFS, now, months)
    if total:
        with transaction():
            audit("messages.forget", "tenant", current_actor().tenant_id, {"messages": total, "months": months})
            emit("messages.forgotten", count=total)
    return total


def _in_batches(statement: TextClause, now: datetime, months: int) -> int:
    values = {"tenant": current_actor().tenant_id, "now": now, "months": months, "n": BATCH}
    total = 0
    while True:
        with transaction() as session:
            gone = int(session.scalar(statement, values) or 0)
        total += gone
        if gone < BATCH:
            return total
