"""Inbound messages in batches: deduplicated by the gateway's id, tied to a contact and to its one open ticket.

Safe to run twice with the same events and beside another worker: ids and open tickets are unique in the database.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.contacts.service.identities import Address
from app.contacts.service.resolving import resolve_many
from app.core import clock, ids
from app.core.bulk import insert_rows
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit_many
from app.gateways.events import MessageReceived
from app.inbox.service import consent, files
from app.messages import metrics

REPLY_WINDOW = timedelta(hours=72)

_NEW = text("""
    WITH v AS (SELECT * FROM unnest(cast(:ids AS text[]), cast(:messages AS uuid[])) AS t(external_id, message_id))
    INSERT INTO external_refs AS r (instance_id, external_id, tenant_id, message_id)
    SELECT :instance, external_id, :tenant, message_id FROM v
    ON CONFLICT (instance_id, external_id) DO UPDATE SET message_id = excluded.message_id, echo = NULL
        WHERE r.message_id IS NULL
    RETURNING external_id
""")
_OPEN_TICKETS = text("""
    WITH wanted AS (SELECT * FROM unnest(cast(:contacts AS uuid[]), cast(:ids AS uuid[]), cast(:campaigns AS uuid[]))
        AS t(contact_id, id, campaign_id)
    ), made AS (
        INSERT INTO tickets (id, tenant_id, contact_id, instance_id, campaign_id)
        SELECT id, :tenant, contact_id, :instance, campaign_id FROM wanted w
        WHERE NOT EXISTS (SELECT 1 FROM tickets t WHERE t.tenant_id = :tenant AND t.contact_id = w.contact_id
            AND t.instance_id = :instance AND t.status <> 'closed')
        ON CONFLICT (tenant_id, contact_id, instance_id) WHERE status <> 'closed' DO NOTHING
        RETURNING id, contact_id
    )
    SELECT id, contact_id, true AS is_new FROM made
""")
_TICKETS = text("""
    SELECT id, contact_id FROM tickets WHERE tenant_id = :tenant AND instance_id = :instance AND status <> 'closed'
        AND contact_id = ANY (cast(:contacts AS uuid[]))
""")
_TOUCH_TICKETS = text("""
    UPDATE tickets t SET unread_count = t.unread_count + v.unread, last_message_id = v.message_id,
        last_message_at = greatest(coalesce(t.last_message_at, v.at), v.at), updated_at = :now
    FROM unnest(cast(:tickets AS uuid[]), cast(:unread AS int[]), cast(:messages AS uuid[]),
        cast(:times AS timestamptz[])) AS v(ticket_id, unread, message_id, at)
    WHERE t.id = v.ticket_id
""")
_TOUCH_PEOPLE = text("""
    WITH v AS (SELECT * FROM unnest(cast(:contacts AS uuid[]), cast(:times AS timestamptz[])) AS t(contact_id, at)
    ), seen AS (
        INSERT INTO conversations AS c (instance_id, contact_id, tenant_id, last_inbound_at)
        SELECT :instance, contact_id, :tenant, at FROM v
        ON CONFLICT (instance_id, contact_id) DO UPDATE
            SET last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at)
    )
    UPDATE contacts c SET last_message_at = greatest(coalesce(c.last_message_at, v.at), v.at), unreachable_at = NULL
    FROM v WHERE c.id = v.contact_id
""")
# A reply: it quotes the message, or it is the first word within 72 h of it on that number.
_REPLIED = text("""
    WITH v AS (SELECT * FROM unnest(cast(:contacts AS uuid[]), cast(:times AS timestamptz[])) AS t(contact_id, at)
    ), replied AS (
        UPDATE messages m SET replied_at = v.at FROM v
        WHERE m.contact_id = v.contact_id AND m.instance_id = :instance AND m.direction = 'outbound'
            AND m.replied_at IS NULL AND m.thread_at > v.at - :window AND m.thread_at <= v.at + interval '1 minute'
            AND m.sent_at IS NOT NULL AND NOT m.is_private
        RETURNING m.id, m.campaign_id, m.contact_id
    ), quoted AS (
        UPDATE messages m SET replied_at = q.at
        FROM unnest(cast(:quoted AS text[]), cast(:quoted_times AS timestamptz[])) AS q(external_id, at)
        JOIN external_refs r ON r.instance_id = :instance AND r.external_id = q.external_id
        WHERE m.id = r.message_id AND m.direction = 'outbound' AND m.replied_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM replied WHERE replied.id = m.id)
        RETURNING m.id, m.campaign_id, m.contact_id
    )
    SELECT * FROM replied UNION ALL SELECT * FROM quoted
""")
_LAST_CAMPAIGN = text("""
    SELECT DISTINCT ON (m.contact_id) m.contact_id, m.campaign_id FROM messages m
    WHERE m.contact_id = ANY (cast(:contacts AS uuid[])) AND m.instance_id = :instance AND m.campaign_id IS NOT NULL
        AND m.thread_at > :since ORDER BY m.contact_id, m.thread_at DESC
""")


@dataclass
class _Arrival:
    event: MessageReceived
    message_id: uuid.UUID
    contact_id: uuid.UUID
    at: datetime
    ticket_id: uuid.UUID | None = None

    @property
    def counts(self) -> bool:
        """Whether it is a word of the customer's: a reaction or our own phone's text is not."""
        return not self.event.from_me and self.event.content.type != "reaction"


def receive(instance_id: uuid.UUID, events: Sequence[MessageReceived]) -> int:
    """How many messages were new."""
    people = [event for event in events if not event.is_group]
    with transaction():
        arrivals = _new_arrivals(instance_id, people)
        if arrivals:
            _attach_tickets(instance_id, arrivals)
            _write(instance_id, arrivals)
            _touch(instance_id, [arrival for arrival in arrivals if arrival.counts])
            for arrival in arrivals:
                consent.listen(instance_id, arrival.contact_id, arrival.event, arrival.at)
    return len(arrivals)


def address_of(event: MessageReceived) -> Address:
    """The person's addresses: phone before the opaque @lid, which is never read as a phone."""
    jid = event.jid if event.jid.endswith("@s.whatsapp.net") else None
    if jid is None and event.phone:
        jid = event.phone.lstrip("+") + "@s.whatsapp.net"
    lid = event.lid or (event.jid if event.jid.endswith("@lid") else None)
    name = "" if event.from_me else (event.push_name or "")
    return Address(jid=jid, lid=lid, bsuid=event.bsuid, name=name)


def _new_arrivals(instance_id: uuid.UUID, events: Sequence[MessageReceived]) -> list[_Arrival]:
    unique = {event.external_id: event for event in events if address_of(event).identities()}
    message_ids = {external_id: ids.new_id(event.at) for external_id, event in unique.items()}
    with transaction() as session:
        new = set(
            session.scalars(
                _NEW,
                {
                    "ids": sorted(unique),
                    "messages": [str(message_ids[external_id]) for external_id in sorted(unique)],
                    "instance": instance_id,
                    "tenant": current_actor().tenant_id,
                },
            )
        )
    fresh = [event for external_id, event in unique.items() if external_id in new]
    contacts = resolve_many([address_of(event) for event in fresh])
    now = clock.now()
    return [
        _Arrival(event, message_ids[event.external_id], contact, min(event.at or now, now))
        for event, contact in zip(fresh, contacts, strict=True)
    ]


def _attach_tickets(instance_id: uuid.UUID, arrivals: list[_Arrival]) -> None:
    """A customer's word opens a ticket where none is open; a text typed on the phone joins one that is."""
    tenant_id = current_actor().tenant_id
    opening = sorted({arrival.contact_id for arrival in arrivals if arrival.counts})
    everybody = sorted({arrival.contact_id for arrival in arrivals})
    values = {"tenant": tenant_id, "instance": instance_id}
    with transaction() as session:
        since = clock.now() - REPLY_WINDOW
        last = session.execute(_LAST_CAMPAIGN, {**values, "contacts": _texts(opening), "since": since})
        campaigns = {row.contact_id: row.campaign_id for row in last}
        made = session.execute(
            _OPEN_TICKETS,
            {
                **values,
                "contacts": _texts(opening),
                "ids": [str(ids.new_id()) for _ in opening],
                "campaigns": [str(campaigns[c]) if c in campaigns else None for c in opening],
            },
        ).all()
        rows = session.execute(_TICKETS, {**values, "contacts": _texts(everybody)}).all()
    tickets = {row.contact_id: row.id for row in rows}
    for arrival in arrivals:
        arrival.ticket_id = tickets.get(arrival.contact_id)
    emit_many([("ticket.created", {"ticket_id": row.id, "instance_id": instance_id}) for row in made])


def _texts(values: Sequence[uuid.UUID]) -> list[str]:
    return [str(value) for value in values]


def _write(instance_id: uuid.UUID, arrivals: list[_Arrival]) -> None:
    insert_rows("messages", [_row(instance_id, arrival) for arrival in arrivals])
    emit_many(
        [
            (
                "message.received" if not arrival.event.from_me else "message.changed",
                {"message_id": arrival.message_id, "ticket_id": arrival.ticket_id, "instance_id": instance_id},
            )
            for arrival in arrivals
        ]
    )


def _row(instance_id: uuid.UUID, arrival: _Arrival) -> dict[str, Any]:
    event, content = arrival.event, arrival.event.content
    return {
        "id": arrival.message_id,
        "tenant_id": current_actor().tenant_id,
        "instance_id": instance_id,
        "contact_id": arrival.contact_id,
        "ticket_id": arrival.ticket_id,
        "direction": "outbound" if event.from_me else "inbound",
        "sender_type": "phone" if event.from_me else "contact",
        "type": content.type,
        "body": content.text,
        "external_id": event.external_id,
        "reply_to": content.reaction.target_id if content.reaction else event.quoted_id,
        "status": "sent" if event.from_me else "received",
        "thread_at": arrival.at,
        "created_at": clock.now(),
        "sent_at": arrival.at,
        "media_id": None,
        "media": None,
        "metadata": _details(event),
        **files.attach(instance_id, arrival.message_id, event),
    }


def _details(event: MessageReceived) -> dict[str, Any]:
    content = event.content
    parts = {
        "jid": event.jid,
        "location": _plain(content.location),
        "contacts": [_plain(card) for card in content.contacts],
        "reaction": content.reaction.emoji if content.reaction else None,
        "choice_id": content.choice_id,
        "ad": _plain(event.ad),
        "is_forwarded": event.is_forwarded,
        "raw": event.raw if content.type == "unsupported" else None,
    }
    return {key: value for key, value in parts.items() if value}


def _plain(part: Any) -> dict[str, Any] | None:
    return {name: getattr(part, name) for name in part.__slots__} if part is not None else None


def _touch(instance_id: uuid.UUID, arrivals: list[_Arrival]) -> None:
    if not arrivals:
        return
    tickets: dict[uuid.UUID, list[_Arrival]] = defaultdict(list)
    people: dict[uuid.UUID, datetime] = {}
    for arrival in sorted(arrivals, key=lambda arrival: arrival.at):
        people[arrival.contact_id] = arrival.at
        if arrival.ticket_id:
            tickets[arrival.ticket_id].append(arrival)
    ordered = sorted(tickets)
    contacts = sorted(people)
    quoted = [(a.event.quoted_id, a.at) for a in arrivals if a.event.quoted_id]
    base = {"instance": instance_id, "tenant": current_actor().tenant_id, "now": clock.now()}
    who = {"contacts": _texts(contacts), "times": [people[contact] for contact in contacts]}
    with transaction() as session:
        session.execute(
            _TOUCH_TICKETS,
            {
                "now": base["now"],
                "tickets": _texts(ordered),
                "unread": [len(tickets[ticket]) for ticket in ordered],
                "messages": [str(tickets[ticket][-1].message_id) for ticket in ordered],
                "times": [tickets[ticket][-1].at for ticket in ordered],
            },
        )
        session.execute(_TOUCH_PEOPLE, {**base, **who})
        replied = session.execute(
            _REPLIED,
            {
                **base,
                **who,
                "window": REPLY_WINDOW,
                "quoted": [external_id for external_id, _at in quoted],
                "quoted_times": [at for _external_id, at in quoted],
            },
        ).all()
    metrics.add(instance_id, received=len(arrivals), replied=sum(row.campaign_id is not None for row in replied))
    if replied:
        emit_many([("message.replied", {"message_ids": [row.id for row in replied]})])
