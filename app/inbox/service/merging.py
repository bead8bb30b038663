"""When two contacts become one, their conversations do too; of two open tickets on a number one survives."""

import uuid
from typing import Any

from sqlalchemy import text

from app.core import clock, ids
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit

_TWINS = text("""
    SELECT a.id AS keep, b.id AS close FROM tickets a JOIN tickets b ON a.instance_id = b.instance_id
    WHERE a.contact_id = :winner AND b.contact_id = :loser AND a.status <> 'closed' AND b.status <> 'closed'
""")
_CLOSE = text("""
    UPDATE tickets SET status = 'closed', closed_at = :now, unread_count = 0, updated_at = :now WHERE id = :id
    RETURNING status
""")
_ABSORB = text("""
    UPDATE tickets k SET unread_count = k.unread_count + :unread,
        last_message_at = greatest(k.last_message_at, c.last_message_at), updated_at = :now
    FROM tickets c WHERE k.id = :keep AND c.id = :close
""")
_NOTE = text("""
    INSERT INTO ticket_events (id, tenant_id, ticket_id, kind, user_id, details)
    VALUES (:id, :tenant, :ticket, 'merged', :user, jsonb_build_object('into', cast(:into AS text)))
""")
_MOVES = {
    "tickets": "UPDATE tickets SET contact_id = :winner WHERE contact_id = :loser RETURNING id",
    "messages": "UPDATE messages SET contact_id = :winner WHERE contact_id = :loser RETURNING id",
    "outbox": "UPDATE outbox SET contact_id = :winner WHERE contact_id = :loser RETURNING message_id",
}
_CONVERSATIONS = text("""
    INSERT INTO conversations AS c (instance_id, contact_id, tenant_id, last_inbound_at, last_outbound_at)
    SELECT instance_id, :winner, tenant_id, last_inbound_at, last_outbound_at
    FROM conversations WHERE contact_id = :loser
    ON CONFLICT (instance_id, contact_id) DO UPDATE
        SET last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at),
            last_outbound_at = greatest(c.last_outbound_at, excluded.last_outbound_at)
""")
_OWN = "= ANY (cast(:ids AS uuid[])) AND contact_id = :winner"
_BACK = {
    "tickets": f"UPDATE tickets SET contact_id = :loser WHERE id {_OWN}",
    "messages": f"UPDATE messages SET contact_id = :loser WHERE id {_OWN}",
    "outbox": f"UPDATE outbox SET contact_id = :loser WHERE message_id {_OWN}",
}


def join(winner_id: uuid.UUID, loser_id: uuid.UUID) -> dict[str, Any]:
    """Runs inside the merge; answers what `part` needs to take it back."""
    pair = {"winner": winner_id, "loser": loser_id}
    with transaction() as session:
        closed = [_close_twin(row.keep, row.close) for row in session.execute(_TWINS, pair).all()]
        session.execute(_CONVERSATIONS, pair)
        moved = {name: [str(row_id) for row_id in session.scalars(text(sql), pair)] for name, sql in _MOVES.items()}
    return {**moved, "closed": closed}


def part(winner_id: uuid.UUID, loser_id: uuid.UUID, moved: dict[str, Any]) -> None:
    """What moved goes back, and the ticket that the merge closed opens again unless a new one did meanwhile."""
    with transaction() as session:
        for name, sql in _BACK.items():
            session.execute(text(sql), {"winner": winner_id, "loser": loser_id, "ids": moved.get(name, [])})
        for ticket_id, status in moved.get("closed", []):
            session.execute(
                text(
                    "UPDATE tickets t SET status = :status, closed_at = NULL WHERE t.id = :id AND NOT EXISTS ("
                    "SELECT 1 FROM tickets o WHERE o.contact_id = t.contact_id AND o.instance_id = t.instance_id"
                    " AND o.status <> 'closed')"
                ),
                {"id": ticket_id, "status": status},
            )


def _close_twin(keep: uuid.UUID, close: uuid.UUID) -> list[str]:
    actor, now = current_actor(), clock.now()
    with transaction() as session:
        before = session.execute(text("SELECT status, unread_count FROM tickets WHERE id = :id"), {"id": close}).one()
        session.execute(_ABSORB, {"keep": keep, "close": close, "unread": before.unread_count, "now": now})
        session.execute(_CLOSE, {"id": close, "now": now})
        session.execute(
            _NOTE,
            {"id": ids.new_id(), "tenant": actor.tenant_id, "ticket": close, "user": actor.user_id, "into": str(keep)},
        )
        emit("ticket.changed", ticket_id=close, change="merged")
        emit("ticket.changed", ticket_id=keep, change="merged")
    return [str(close), before.status]
