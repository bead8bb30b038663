"""The customer is typing: asked for while somebody attends, told to who has the conversation open, kept nowhere."""

import uuid

from sqlalchemy import text

from app.contacts.service.identities import Address
from app.core import realtime, throttle
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import after_commit, transaction
from app.gateways.events import TypingSeen
from app.gateways.port import Recipient
from app.inbox.queries import TicketRow
from app.inbox.service.audience import ticket_room
from app.instances.models import Instance

AGAIN = "1 per 10 minutes"  # WhatsApp forgets who asked when the number reconnects
_OPEN = text("""
    SELECT t.id FROM unnest(cast(:kinds AS text[]), cast(:values AS text[])) AS w(kind, value)
    JOIN contact_identities i ON i.tenant_id = :tenant AND i.kind = w.kind AND i.value = w.value
    JOIN tickets t ON t.tenant_id = :tenant AND t.contact_id = i.contact_id AND t.instance_id = :instance
        AND t.status <> 'closed'
    LIMIT 1
""")
_WHO = text("""
    SELECT t.instance_id, c.phone, max(i.value) FILTER (WHERE i.kind = 'jid') AS jid,
        max(i.value) FILTER (WHERE i.kind = 'lid') AS lid
    FROM tickets t JOIN contacts c ON c.id = t.contact_id LEFT JOIN contact_identities i ON i.contact_id = c.id
    WHERE t.id = :ticket AND t.tenant_id = :tenant GROUP BY t.instance_id, c.phone
""")


def watch_typing(row: TicketRow) -> None:
    """The actor attends to this one: WhatsApp is asked to tell when the customer writes."""
    if row.status != "open" or row.user_id != current_actor().user_id:
        return
    if not throttle.hit(f"watch:{row.id}", AGAIN):
        enqueue("inbox.watch_typing", tenant_id=current_actor().tenant_id, ticket_id=row.id)


def find_watched(ticket_id: uuid.UUID) -> tuple[Instance, Recipient] | None:
    """None where nobody can be asked: a group, or a number that is not connected."""
    with transaction() as session:
        who = session.execute(_WHO, {"ticket": ticket_id, "tenant": current_actor().tenant_id}).one_or_none()
        instance = session.get(Instance, who.instance_id) if who else None
    if who is None or instance is None or instance.status != "connected":
        return None
    if not (who.phone or who.jid or who.lid) or (who.jid or "").endswith("@g.us"):
        return None
    return instance, Recipient(phone=who.phone, jid=who.jid, lid=who.lid)


def hear_typing(instance_id: uuid.UUID, event: TypingSeen) -> None:
    """Whoever has the conversation open was let in after a check; nobody else hears of it."""
    is_lid = event.jid.endswith("@lid")
    known = Address(jid=None if is_lid else event.jid, lid=event.jid if is_lid else None).identities()
    values = {"kinds": [kind for kind, _v, _d in known], "values": [value for _k, value, _d in known]}
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "instance": instance_id}
        ticket_id = session.scalar(_OPEN, {**values, **scope})
    if ticket_id is not None:
        payload = {"ticket_id": str(ticket_id), "doing": event.doing}
        after_commit(lambda: realtime.publish("contact:typing", payload, room=ticket_room(ticket_id)))
