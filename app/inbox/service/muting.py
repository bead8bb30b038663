"""Words of people whom somebody blocked: kept where they can be read and found, without a sound.

No conversation opens, nothing is unread, nobody is called, nothing answers by itself. They join the open conversation,
else the last one; else one that is born closed.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app.core import clock, ids
from app.core.db import transaction

if TYPE_CHECKING:
    from app.inbox.service.opening import Arrival

_BLOCKED = text("SELECT id FROM contacts WHERE id = ANY (cast(:contacts AS uuid[])) AND is_blocked")
_LAST = text("""
    SELECT DISTINCT ON (contact_id) contact_id, id FROM tickets
    WHERE tenant_id = :tenant AND instance_id = :instance AND contact_id = ANY (cast(:contacts AS uuid[]))
        AND status = 'closed'
    ORDER BY contact_id, closed_at DESC, id DESC
""")
_BORN_CLOSED = text("""
    INSERT INTO tickets (id, tenant_id, contact_id, instance_id, status, last_message_id, last_message_at,
        last_inbound_at, closed_at)
    VALUES (:id, :tenant, :contact, :instance, 'closed', :message, :at, :at, :now)
""")
_WHY = text("INSERT INTO ticket_events (id, tenant_id, ticket_id, kind) VALUES (:event, :tenant, :id, 'muted')")


def mark(arrivals: Sequence[Arrival]) -> None:
    """See whose words want no answer."""
    contacts = sorted({arrival.contact_id for arrival in arrivals if arrival.is_word})
    if not contacts:
        return
    with transaction() as session:
        blocked = set(session.scalars(_BLOCKED, {"contacts": [str(contact) for contact in contacts]}))
    for arrival in arrivals:
        arrival.is_muted = arrival.is_word and arrival.contact_id in blocked


def keep(scope: dict[str, Any], arrivals: Sequence[Arrival]) -> None:
    """A conversation for those that found none open."""
    lost = [arrival for arrival in arrivals if arrival.is_muted and arrival.ticket_id is None]
    if not lost:
        return
    with transaction() as session:
        contacts = [str(contact) for contact in sorted({arrival.contact_id for arrival in lost})]
        homes = {row.contact_id: row.id for row in session.execute(_LAST, {**scope, "contacts": contacts})}
    newest = {arrival.contact_id: arrival for arrival in sorted(lost, key=lambda one: one.at)}
    for contact_id, arrival in newest.items():
        if contact_id not in homes:
            homes[contact_id] = _bear(scope, arrival)
    for arrival in lost:
        arrival.ticket_id = homes[arrival.contact_id]


def _bear(scope: dict[str, Any], arrival: Arrival) -> uuid.UUID:
    values = {"contact": arrival.contact_id, "message": arrival.message_id, "at": arrival.at, "now": clock.now()}
    ticket_id = ids.new_id()
    with transaction() as session:
        session.execute(_BORN_CLOSED, {**scope, **values, "id": ticket_id})
        session.execute(_WHY, {**scope, "id": ticket_id, "event": ids.new_id()})
    return ticket_id
