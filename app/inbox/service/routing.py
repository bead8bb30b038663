"""Where a new conversation goes: a queue by the number's default, by the customer's choice, or the only one there is;
then the hours, the greeting, and whoever the queue's distribution names."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, text

from app.accounts.queries import find_own_tenant
from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.inbox import metrics, rules
from app.inbox.models import Queue, Ticket
from app.inbox.queries.settings import InboxSettings
from app.inbox.service import presence, saying
from app.inbox.service.assigning import assign
from app.inbox.service.recording import change, place, record

RESPECTED = timedelta(minutes=10)  # who gave a conversation back isn't handed it again at once
MENU_TRIES = 2  # asked again once; then people sort it out

_CANDIDATES = text("""
    SELECT m.user_id, u.max_tickets, m.last_assigned_at, (SELECT count(*) FROM tickets t
        WHERE t.user_id = m.user_id AND t.status = 'open' AND t.tenant_id = m.tenant_id) AS busy
    FROM queue_members m JOIN users u ON u.id = m.user_id AND u.is_active
    WHERE m.queue_id = :queue AND m.tenant_id = :tenant AND NOT EXISTS (SELECT 1 FROM ticket_events e
        WHERE e.ticket_id = :ticket AND e.kind = 'released' AND e.user_id = m.user_id AND e.created_at > :rested)
    ORDER BY m.user_id
""")
# Two workers that distribute one queue at once would both see the same person free.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:queue, 11))")
_ASSIGNED = text("""
    UPDATE queue_members SET last_assigned_at = clock_timestamp() WHERE queue_id = :queue AND user_id = :user
""")
_WAITING = text("""
    SELECT t.id FROM tickets t JOIN queues q ON q.id = t.queue_id AND q.is_active AND q.distribution <> 'manual'
    WHERE t.tenant_id = :tenant AND t.status = 'pending' AND t.user_id IS NULL AND t.mode = 'human'
    ORDER BY q.priority DESC, t.last_message_at, t.id LIMIT :most
""")
_MEMBERS = text("SELECT DISTINCT queue_id FROM queue_members WHERE tenant_id = :tenant")


@dataclass(frozen=True)
class _House:
    """The company as a new conversation meets it."""

    queues: Sequence[Queue]
    attended: frozenset[uuid.UUID]
    settings: InboxSettings
    locale: str
    zone: str
    hours: dict[str, Any] | None  # of the company, for queues without their own

    def named(self, queue_id: uuid.UUID | None) -> Queue | None:
        return next((queue for queue in self.queues if queue.id == queue_id), None)


def welcome(ticket_ids: Sequence[uuid.UUID]) -> None:
    """Conversations that a customer has just begun."""
    house = _house() if ticket_ids else None
    if house is None or not house.queues:
        return
    for ticket in _tickets(ticket_ids):
        queue = house.named(_default_queue(ticket)) or _only_queue(house)
        if queue is not None:
            enter(ticket, queue, house)
        elif len(house.queues) > 1 and house.settings.menu:
            _show_menu(ticket, house)


def hear_choice(ticket_id: uuid.UUID, words: str) -> bool:
    """The customer's answer to the menu; True when it chose a queue."""
    house = _house()
    (ticket,) = _tickets([ticket_id]) or (None,)
    if ticket is None or ticket.menu_sent_at is None or ticket.queue_id or ticket.status != "pending":
        return False
    position = rules.choice_of(words, [queue.name for queue in house.queues])
    if position is not None:
        enter(ticket, house.queues[position], house)
        return True
    if int((ticket.flow_state or {}).get("menu", 1)) < MENU_TRIES:
        _show_menu(ticket, house, again=True)
    return False


def enter(ticket: Ticket, queue: Queue, house: _House | None = None) -> None:
    """Into a queue for the first time: its greeting, or that nobody is there at this hour; then distribution."""
    house = house or _house()
    was = place(ticket)
    if not change(ticket, queue_id=queue.id):
        return
    record(ticket, "queued", was, details={"queue_id": queue.id})
    metrics.add(was["queue_id"], None, opened=-1)
    metrics.add(queue.id, None, opened=1)
    if rules.is_open(queue.hours or house.hours, house.zone, clock.now()):
        saying.say(ticket, queue.greeting)
    else:
        with force_locale(house.locale):
            away = queue.away_message or _("Nosso atendimento está fechado agora. Respondemos assim que abrir! 🙏")
        saying.say(ticket, away)
    distribute(ticket)


def distribute(ticket: Ticket) -> uuid.UUID | None:
    """Give a waiting conversation to whoever its queue names; None when people choose, or nobody is free."""
    if ticket.queue_id is None or ticket.status != "pending" or ticket.user_id is not None or ticket.mode == "bot":
        return None
    with transaction() as session:
        queue = session.get(Queue, ticket.queue_id)
        if queue is None or queue.distribution == "manual" or not _is_open(queue):
            return None
        session.execute(_LOCK, {"queue": str(queue.id)})
        user_id = rules.choose(_candidates(queue.id, ticket.id), queue.distribution)
        if user_id is None or not assign(ticket, user_id, queue.distribution):
            return None
        session.execute(_ASSIGNED, {"queue": queue.id, "user": user_id})
    saying.announce(ticket)
    return user_id


def distribute_waiting(most: int = 200) -> int:
    """Somebody came online or became free: those who wait longest go first. How many found a person."""
    with transaction() as session:
        waiting = session.scalars(_WAITING, {"tenant": current_actor().tenant_id, "most": most}).all()
    done = 0
    for ticket_id in waiting:
        with transaction() as session:
            ticket = session.get(Ticket, ticket_id, populate_existing=True)
            done += ticket is not None and distribute(ticket) is not None
    return done


def _candidates(queue_id: uuid.UUID, ticket_id: uuid.UUID) -> list[rules.Candidate]:
    tenant_id = current_actor().tenant_id
    online = presence.online_ids(tenant_id)
    scope = {"queue": queue_id, "ticket": ticket_id, "tenant": tenant_id}
    with transaction() as session:
        rows = session.execute(_CANDIDATES, {**scope, "rested": clock.now() - RESPECTED}).all()
    return [
        rules.Candidate(row.user_id, row.user_id in online, row.busy, row.max_tickets, row.last_assigned_at)
        for row in rows
    ]


def _is_open(queue: Queue) -> bool:
    tenant = find_own_tenant()
    hours = queue.hours or (tenant.settings.get("hours") if tenant else None)
    return rules.is_open(hours, tenant.timezone if tenant else "UTC", clock.now())


def _show_menu(ticket: Ticket, house: _House, *, again: bool = False) -> None:
    with force_locale(house.locale):
        head = house.settings.menu_text or _("Olá! Com quem você quer falar? Responda com o número:")
        head = _("Não entendi. Responda só com o número:") if again else head
    options = "\n".join(f"*{n}* - {queue.name}" for n, queue in enumerate(house.queues, 1))
    if saying.say(ticket, f"{head}\n\n{options}") is None:
        return
    ticket.menu_sent_at = clock.now()
    ticket.flow_state = {**(ticket.flow_state or {}), "menu": MENU_TRIES if again else 1}


def _only_queue(house: _House) -> Queue | None:
    """One queue with people in it takes everything."""
    return house.queues[0] if len(house.queues) == 1 and house.queues[0].id in house.attended else None


def _default_queue(ticket: Ticket) -> uuid.UUID | None:
    with transaction() as session:
        return session.scalar(text("SELECT default_queue_id FROM instances WHERE id = :id"), {"id": ticket.instance_id})


def _house() -> _House:
    tenant_id = current_actor().tenant_id
    settings, locale = saying.settings_and_locale()
    with transaction() as session:
        active = select(Queue).where(Queue.tenant_id == tenant_id, Queue.is_active)
        queues = session.scalars(active.order_by(Queue.priority.desc(), Queue.name)).all()
        attended = frozenset(session.scalars(_MEMBERS, {"tenant": tenant_id})) if queues else frozenset()
        tenant = find_own_tenant()
    hours = tenant.settings.get("hours") if tenant else None
    return _House(queues, attended, settings, locale, tenant.timezone if tenant else "UTC", hours)


def _tickets(ticket_ids: Sequence[uuid.UUID]) -> list[Ticket]:
    with transaction() as session:
        wanted = select(Ticket).where(Ticket.id.in_(ticket_ids)).order_by(Ticket.id)
        return list(session.scalars(wanted.execution_options(populate_existing=True)))
