"""Inbound messages in batches: deduplicated by the gateway's id, tied to a contact and to its one open ticket.

Safe to run twice with the same events and beside another worker: ids and open tickets are unique in the database.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text

from app.contacts.service.identities import Address
from app.contacts.service.resolving import resolve_many
from app.core import clock, ids
from app.core.bulk import insert_rows
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit_many
from app.gateways.events import MessageReceived
from app.inbox import metrics as attendance
from app.inbox.models import Ticket
from app.inbox.queries.settings import get_settings
from app.inbox.rules import searchable
from app.inbox.service import consent, files, opening
from app.inbox.service.answering import touch
from app.inbox.service.opening import REPLY_WINDOW, Arrival, Opened, texts
from app.inbox.service.recording import record
from app.messages import metrics

SAME_MOMENT = timedelta(seconds=2)  # gateways tell whole seconds

_NEW = text("""
    WITH v AS (SELECT * FROM unnest(cast(:ids AS text[]), cast(:messages AS uuid[])) AS t(external_id, message_id))
    INSERT INTO external_refs AS r (instance_id, external_id, tenant_id, message_id)
    SELECT :instance, external_id, :tenant, message_id FROM v
    ON CONFLICT (instance_id, external_id) DO UPDATE SET message_id = excluded.message_id, echo = NULL
        WHERE r.message_id IS NULL
    RETURNING external_id
""")
_TOUCH_TICKETS = text("""
    UPDATE tickets t SET unread_count = t.unread_count + v.unread, updated_at = :now, auto_close_warned_at = NULL,
        last_message_id = CASE WHEN t.last_message_id IS NULL OR v.at > t.last_message_at - interval '2 seconds'
            THEN v.message_id ELSE t.last_message_id END,
        last_message_at = greatest(CASE WHEN t.last_message_id IS NULL THEN v.at ELSE t.last_message_at END, v.at),
        last_inbound_at = greatest(coalesce(t.last_inbound_at, v.at), v.at)
    FROM unnest(cast(:tickets AS uuid[]), cast(:unread AS int[]), cast(:messages AS uuid[]),
        cast(:times AS timestamptz[])) AS v(ticket_id, unread, message_id, at)
    WHERE t.id = v.ticket_id RETURNING t.id, t.queue_id, t.user_id
""")
_TO_HUMAN = text("""
    UPDATE tickets SET mode = 'human', needs_human_attention = false WHERE id = :id AND mode = 'bot'
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


def receive(instance_id: uuid.UUID, events: Sequence[MessageReceived]) -> int:
    """How many messages were new."""
    if not events:
        return 0
    with transaction():
        arrivals = _new_arrivals(instance_id, _wanted(events))
        if arrivals:
            opened = opening.attach(instance_id, arrivals)
            _write(instance_id, arrivals)
            _hear_phone(arrivals, opened)
            _touch_tickets([arrival for arrival in arrivals if arrival.counts and arrival.ticket_id], arrivals)
            _touch_people(instance_id, [a for a in arrivals if a.is_word])
            for arrival in arrivals:
                if not arrival.event.is_group:
                    consent.listen(arrival.ticket_id, arrival.contact_id, arrival.event, arrival.at)
            opening.follow_up(opened, arrivals)
    return len(arrivals)


def _wanted(events: Sequence[MessageReceived]) -> list[MessageReceived]:
    """People; and groups for a company that keeps them."""
    people = [event for event in events if not event.is_group]
    return list(events) if len(people) < len(events) and get_settings().keep_groups else people


def address_of(event: MessageReceived) -> Address:
    """The person's addresses (a group's is its own): phone before the opaque @lid, which is never read as a phone."""
    if event.is_group:
        return Address(jid=event.jid, name=_("Grupo %(code)s", code=event.jid.partition("@")[0][-4:]))
    jid = event.jid if event.jid.endswith("@s.whatsapp.net") else None
    if jid is None and event.phone:
        jid = event.phone.lstrip("+") + "@s.whatsapp.net"
    lid = event.lid or (event.jid if event.jid.endswith("@lid") else None)
    name = "" if event.from_me else (event.push_name or "")
    return Address(jid=jid, lid=lid, bsuid=event.bsuid, name=name)


def _new_arrivals(instance_id: uuid.UUID, events: Sequence[MessageReceived]) -> list[Arrival]:
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
        Arrival(event, message_ids[event.external_id], contact, min(event.at or now, now))
        for event, contact in zip(fresh, contacts, strict=True)
    ]


def _write(instance_id: uuid.UUID, arrivals: list[Arrival]) -> None:
    insert_rows("messages", [_row(instance_id, arrival) for arrival in arrivals])
    emit_many(
        [
            (
                "message.changed" if arrival.event.from_me or arrival.is_muted else "message.received",
                {"message_id": arrival.message_id, "ticket_id": arrival.ticket_id, "instance_id": instance_id},
            )
            for arrival in arrivals
        ]
    )


def _row(instance_id: uuid.UUID, arrival: Arrival) -> dict[str, Any]:
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
        "search": searchable(content.text),
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
        "options": list(content.options),
        "ad": _plain(event.ad),
        "is_forwarded": event.is_forwarded,
        "author": {"name": event.push_name or "", "phone": event.phone or ""} if event.is_group else None,
        "raw": event.raw if content.type == "unsupported" else None,
    }
    return {key: value for key, value in parts.items() if value}


def _plain(part: Any) -> dict[str, Any] | None:
    return {name: getattr(part, name) for name in part.__slots__} if part is not None else None


def _hear_phone(arrivals: Sequence[Arrival], opened: Opened) -> None:
    """Somebody of ours answered on the phone itself: the bot stops, and what came before is read."""
    for arrival in sorted(arrivals, key=lambda one: one.at):
        ticket = opened.open.get(arrival.contact_id)
        if not arrival.event.from_me or arrival.event.content.type == "reaction" or ticket is None:
            continue
        if ticket.last_inbound_at is not None and arrival.at < ticket.last_inbound_at - SAME_MOMENT:
            continue  # old news, told late
        touch(ticket.id, arrival.message_id, arrival.at, "phone", None)
        if ticket.mode == "bot":
            with transaction() as session:
                session.execute(_TO_HUMAN, {"id": ticket.id})
                record(session.get(Ticket, ticket.id, populate_existing=True), "answered_on_phone")


def _touch_tickets(heard: Sequence[Arrival], arrivals: Sequence[Arrival]) -> None:
    """Unread is what came after our last word; the newest of both sides is what the list shows."""
    tickets: dict[uuid.UUID, list[Arrival]] = defaultdict(list)
    for arrival in sorted(heard, key=lambda one: one.at):
        tickets[arrival.ticket_id].append(arrival)  # type: ignore[index]
    ours: dict[uuid.UUID | None, datetime] = {}
    for arrival in arrivals:
        if arrival.event.from_me:
            ours[arrival.ticket_id] = max(arrival.at, ours.get(arrival.ticket_id, arrival.at))
    ordered = sorted(tickets)
    if not ordered:
        return
    values = {
        "now": clock.now(),
        "tickets": texts(ordered),
        "unread": [sum(a.at >= ours.get(ticket, a.at) for a in tickets[ticket]) for ticket in ordered],
        "messages": [str(tickets[ticket][-1].message_id) for ticket in ordered],
        "times": [tickets[ticket][-1].at for ticket in ordered],
    }
    with transaction() as session:
        for row in session.execute(_TOUCH_TICKETS, values).all():
            attendance.add(row.queue_id, row.user_id, received=len(tickets[row.id]))


def _touch_people(instance_id: uuid.UUID, arrivals: Sequence[Arrival]) -> None:
    if not arrivals:
        return
    people: dict[uuid.UUID, datetime] = {}
    for arrival in sorted(arrivals, key=lambda one: one.at):
        people[arrival.contact_id] = arrival.at
    contacts = sorted(people)
    quoted = [(a.event.quoted_id, a.at) for a in arrivals if a.event.quoted_id]
    values = {
        "instance": instance_id,
        "tenant": current_actor().tenant_id,
        "contacts": texts(contacts),
        "times": [people[contact] for contact in contacts],
        "window": REPLY_WINDOW,
        "quoted": [external_id for external_id, _at in quoted],
        "quoted_times": [at for _external_id, at in quoted],
    }
    with transaction() as session:
        session.execute(_TOUCH_PEOPLE, values)
        replied = session.execute(_REPLIED, values).all()
    metrics.add(instance_id, received=len(arrivals), replied=sum(row.campaign_id is not None for row in replied))
    if replied:
        emit_many([("message.replied", {"message_ids": [row.id for row in replied]})])
