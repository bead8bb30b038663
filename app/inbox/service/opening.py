"""Which conversation a batch of arrivals belongs to: the open one, a grade for the closed one, the closed one opened
again, or a new one. Open tickets stay locked until the batch commits, so that none is closed under a message."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.accounts.models import User
from app.core import clock, ids
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.facts import emit_many
from app.gateways.events import MessageReceived
from app.inbox import metrics
from app.inbox.models import Ticket
from app.inbox.queries.settings import InboxSettings, get_settings
from app.inbox.rules import rating_of
from app.inbox.service import muting, routing, saying
from app.inbox.service.assigning import may_attend
from app.inbox.service.recording import record
from app.inbox.service.tickets import revive

REPLY_WINDOW = timedelta(hours=72)
TALKATIVE = timedelta(hours=1)  # a menu for what was said before that would come out of the blue
SPOKEN = ("text", "button")

_OPEN = text("""
    SELECT id, contact_id, user_id, queue_id, mode, menu_sent_at, last_inbound_at, last_message_at FROM tickets
    WHERE tenant_id = :tenant AND instance_id = :instance AND status <> 'closed'
        AND contact_id = ANY (cast(:contacts AS uuid[])) ORDER BY id FOR UPDATE
""")
_MAKE = text("""
    INSERT INTO tickets (id, tenant_id, contact_id, instance_id, campaign_id, last_message_at)
    SELECT id, :tenant, contact_id, :instance, campaign_id, at
    FROM unnest(cast(:contacts AS uuid[]), cast(:ids AS uuid[]), cast(:campaigns AS uuid[]),
        cast(:times AS timestamptz[])) AS t(contact_id, id, campaign_id, at)
    ON CONFLICT (tenant_id, contact_id, instance_id) WHERE status <> 'closed' DO NOTHING
    RETURNING id, contact_id
""")
_LAST_CLOSED = text("""
    SELECT DISTINCT ON (contact_id) id, contact_id, closed_at, needs_rating_until FROM tickets
    WHERE tenant_id = :tenant AND instance_id = :instance AND contact_id = ANY (cast(:contacts AS uuid[]))
        AND status = 'closed' AND closed_at > :since
    ORDER BY contact_id, closed_at DESC, id DESC
""")
_LAST_CAMPAIGN = text("""
    SELECT DISTINCT ON (m.contact_id) m.contact_id, m.campaign_id FROM messages m
    WHERE m.contact_id = ANY (cast(:contacts AS uuid[])) AND m.instance_id = :instance AND m.campaign_id IS NOT NULL
        AND m.thread_at > :since ORDER BY m.contact_id, m.thread_at DESC
""")


@dataclass
class Arrival:
    event: MessageReceived
    message_id: uuid.UUID
    contact_id: uuid.UUID
    at: datetime
    ticket_id: uuid.UUID | None = None
    grade: int | None = None
    is_muted: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a word that wants an answer: a reaction, a grade, our own phone's text or one of somebody
        blocked is not."""
        return self.is_word and self.grade is None and not self.is_muted

    @property
    def is_word(self) -> bool:
        return not self.event.from_me and self.event.content.type != "reaction"

    @property
    def is_spoken(self) -> bool:
        return self.counts and self.event.content.type in SPOKEN


@dataclass
class Opened:
    """What the batch found open, by contact, and what it began."""

    open: dict[uuid.UUID, Row[Any]] = field(default_factory=dict)
    new: list[uuid.UUID] = field(default_factory=list)
    revived: list[uuid.UUID] = field(default_factory=list)


def attach(instance_id: uuid.UUID, arrivals: list[Arrival]) -> Opened:
    """Give each arrival its ticket. A text typed on the phone joins what is open and opens nothing."""
    scope = {"tenant": current_actor().tenant_id, "instance": instance_id}
    everybody = sorted({arrival.contact_id for arrival in arrivals})
    muting.mark(arrivals)
    opened = Opened(open=_open_ones(scope, everybody))
    closed = _wanting(arrivals, opened)
    if closed:
        settings = get_settings()
        last = _last_closed(scope, closed, settings)
        _grade(arrivals, opened, last)
        opened.revived = _revive(_wanting(arrivals, opened), last, settings)
        gone_on = _owners(opened.revived)
        opened.new = _make(scope, _first_words(arrivals, set(_wanting(arrivals, opened)) - gone_on))
        opened.open |= _open_ones(scope, closed)
    for arrival in arrivals:
        if arrival.ticket_id is None and arrival.contact_id in opened.open:
            arrival.ticket_id = opened.open[arrival.contact_id].id
    muting.keep(scope, arrivals)
    emit_many([("ticket.created", {"ticket_id": ticket, "instance_id": instance_id}) for ticket in opened.new])
    return opened


def follow_up(opened: Opened, arrivals: Sequence[Arrival]) -> None:
    """What the company says by itself, once everything is written: menu, greeting, thanks."""
    fresh = clock.now() - TALKATIVE
    new = {arrival.ticket_id for arrival in arrivals if arrival.ticket_id in set(opened.new) and arrival.at > fresh}
    routing.welcome([ticket_id for ticket_id in opened.new if ticket_id in new])
    asked = {row.id for row in opened.open.values() if row.menu_sent_at and not row.queue_id}
    for arrival in arrivals:
        is_answer = arrival.ticket_id in asked and arrival.is_spoken
        if is_answer and routing.hear_choice(arrival.ticket_id, arrival.event.content.text):
            asked.discard(arrival.ticket_id)
    for ticket_id in opened.revived:
        with transaction() as session:
            ticket = session.get(Ticket, ticket_id, populate_existing=True)
        routing.distribute(ticket)
    for ticket_id in {arrival.ticket_id for arrival in arrivals if arrival.grade is not None}:
        with transaction() as session:
            saying.thank_for_rating(session.get(Ticket, ticket_id))


def _open_ones(scope: dict[str, Any], contacts: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row[Any]]:
    with transaction() as session:
        rows = session.execute(_OPEN, {**scope, "contacts": texts(contacts)}).all()
    return {row.contact_id: row for row in rows}


def _wanting(arrivals: Sequence[Arrival], opened: Opened) -> list[uuid.UUID]:
    """Contacts whose word needs a conversation that isn't open."""
    return sorted({a.contact_id for a in arrivals if a.counts and a.contact_id not in opened.open})


def _last_closed(
    scope: dict[str, Any], contacts: Sequence[uuid.UUID], settings: InboxSettings
) -> dict[uuid.UUID, Row[Any]]:
    longest = max(settings.reopen_hours, settings.rating_hours)
    since = clock.now() - timedelta(hours=longest)
    with transaction() as session:
        rows = session.execute(_LAST_CLOSED, {**scope, "contacts": texts(contacts), "since": since}).all()
    return {row.contact_id: row for row in rows}


def _grade(arrivals: Sequence[Arrival], opened: Opened, last: dict[uuid.UUID, Row[Any]]) -> None:
    """The first words after the question, while they are grades, are the answer: they open nothing."""
    done: set[uuid.UUID] = set()
    for arrival in sorted(arrivals, key=lambda one: one.at):
        contact = arrival.contact_id
        asked = last.get(contact)
        if not arrival.counts or contact in opened.open or contact in done or asked is None:
            continue
        grade = rating_of(arrival.event.content.text) if arrival.is_spoken else None
        if grade is None or asked.needs_rating_until is None or asked.needs_rating_until < arrival.at:
            done.add(contact)
            continue
        arrival.grade, arrival.ticket_id = grade, asked.id
        _rate(asked.id, grade)


def _rate(ticket_id: uuid.UUID, grade: int) -> None:
    with transaction() as session:
        ticket = session.get(Ticket, ticket_id, with_for_update=True, populate_existing=True)
        before, ticket.rating = ticket.rating, grade
        session.flush()
        record(ticket, "rated", details={"rating": grade})
        metrics.add(ticket.queue_id, ticket.user_id, ratings=int(before is None), rating_sum=grade - (before or 0))


def _revive(contacts: Sequence[uuid.UUID], last: dict[uuid.UUID, Row[Any]], settings: InboxSettings) -> list[uuid.UUID]:
    """Within the window a conversation goes on, with its person if they still work here."""
    since = clock.now() - timedelta(hours=settings.reopen_hours)
    found = []
    for contact in contacts:
        row = last.get(contact)
        if row is None or row.closed_at <= since:
            continue
        with transaction() as session:
            ticket = session.get(Ticket, row.id, with_for_update=True, populate_existing=True)
            owner = session.get(User, ticket.user_id) if ticket.user_id else None
        try:
            revive(ticket, owner.id if owner is not None and may_attend(owner) else None)
        except Conflict:
            continue  # somebody opened one a moment ago: it is found below
        found.append(ticket.id)
    return found


def _owners(ticket_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    with transaction() as session:
        return {session.get(Ticket, ticket_id).contact_id for ticket_id in ticket_ids}


def _first_words(arrivals: Sequence[Arrival], contacts: set[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    times: dict[uuid.UUID, datetime] = {}
    for arrival in sorted(arrivals, key=lambda one: one.at):
        if arrival.counts and arrival.contact_id in contacts:
            times.setdefault(arrival.contact_id, arrival.at)
    return times


def _make(scope: dict[str, Any], first_words: dict[uuid.UUID, datetime]) -> list[uuid.UUID]:
    if not first_words:
        return []
    contacts = sorted(first_words)
    wanted = texts(contacts)
    with transaction() as session:
        since = clock.now() - REPLY_WINDOW
        last = session.execute(_LAST_CAMPAIGN, {**scope, "contacts": wanted, "since": since})
        campaigns = {str(row.contact_id): str(row.campaign_id) for row in last}
        values = {"ids": [str(ids.new_id()) for _ in wanted], "campaigns": [campaigns.get(one) for one in wanted]}
        values["times"] = [first_words[contact] for contact in contacts]
        made = session.execute(_MAKE, {**scope, "contacts": wanted, **values}).all()
    if made:
        metrics.add(None, None, opened=len(made))
    return [row.id for row in made]


def texts(values: Sequence[uuid.UUID]) -> list[str]:
    return [str(value) for value in values]
