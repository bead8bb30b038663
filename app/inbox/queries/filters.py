"""Which conversations are wanted: tabs, filters, and how many of each there are."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.contacts.models import Contact
from app.core.context import Actor
from app.core.db import read_session
from app.core.permissions import require
from app.inbox.models import STATUSES, Mention, Ticket, TicketTag
from app.inbox.queries import search
from app.inbox.queries.access import visible, waiting_for

TABS = ("mine", "waiting", "all")
ANY = "any"  # a status that leaves nothing out, closed ones neither
COUNT_TO = 10_000  # counts are exact up to here; pages then say "more than"


@dataclass(frozen=True)
class TicketFilter:
    """Every field narrows. `status` unset: what is not closed; ANY: all. `has_no_queue` and `has_no_user` ask for
    nobody's."""

    status: str = ""
    queue_id: uuid.UUID | None = None
    has_no_queue: bool = False
    tag_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    instance_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    priority: str = ""
    unread: bool = False
    mentioned: bool = False
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""
    oldest_first: bool = False


@dataclass(frozen=True)
class Counts:
    """Capped at COUNT_TO each. `unread`: own conversations with something unread (for the title); `mentions`: those
    where somebody called the actor and they haven't looked yet."""

    mine: int
    waiting: int
    all: int
    unread: int
    mentions: int


def inbox_counts() -> Counts:
    actor = require("inbox.use")
    session = read_session()
    row = session.execute(
        select(
            count_of(_own(actor)),
            count_of(waiting_for(actor) & (Ticket.tenant_id == actor.tenant_id)),
            count_of(visible(actor) & (Ticket.status != "closed")),
            count_of(_own(actor) & (Ticket.unread_count > 0)),
            count_of(visible(actor) & Ticket.id.in_(_calls(actor))),
        )
    ).one()
    return Counts(*row)


def count_calls(most: int) -> tuple[int, int]:
    """Own conversations with something unread, and those that wait for anybody; each counted up to `most`. For the
    menu of every page: one statement along the short indexes of what is open."""
    actor = require("inbox.use")
    mine, waiting = _own(actor) & (Ticket.unread_count > 0), waiting_for(actor) & (Ticket.tenant_id == actor.tenant_id)
    row = read_session().execute(select(count_of(mine, most=most), count_of(waiting, most=most))).one()
    return row[0], row[1]


@dataclass(frozen=True)
class Call:
    """A customer whom the actor owes a look: when they wrote, and who they are."""

    ticket_id: uuid.UUID
    name: str
    at: datetime


def newest_call() -> Call | None:
    """Among the actor's own unread conversations and those that wait for anybody; what an alert goes by."""
    actor = require("inbox.use")
    mine = Ticket.tenant_id == actor.tenant_id
    found = [_newest(mine & clause) for clause in (_own(actor), waiting_for(actor))]
    return max((call for call in found if call), key=lambda call: call.at, default=None)


def _newest(clause: ColumnElement[bool]) -> Call | None:
    wanted = (
        select(Ticket.id, Contact.name, Ticket.last_inbound_at)
        .join(Contact, (Contact.id == Ticket.contact_id) & (Contact.tenant_id == Ticket.tenant_id))
        .where(clause, Ticket.unread_count > 0, Ticket.last_inbound_at.is_not(None))
        .order_by(Ticket.last_message_at.desc(), Ticket.id.desc())
    )
    row = read_session().execute(wanted.limit(1)).one_or_none()
    return Call(*row) if row else None


def status_counts() -> dict[str, int]:
    """How many of each status the actor sees, capped at COUNT_TO."""
    actor = require("inbox.use")
    counts = [count_of(visible(actor) & (Ticket.status == status)).label(status) for status in STATUSES]
    return dict(read_session().execute(select(*counts)).mappings().one())


def clauses_of(actor: Actor, tab: str, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    found = [Ticket.tenant_id == actor.tenant_id, _tab(actor, tab, wanted.status)]
    for name in ("queue_id", "user_id", "instance_id", "contact_id"):
        if getattr(wanted, name) is not None:
            found.append(getattr(Ticket, name) == getattr(wanted, name))
    if wanted.has_no_queue:
        found.append(Ticket.queue_id.is_(None))
    if wanted.priority:
        found.append(Ticket.priority == wanted.priority)
    if wanted.unread:
        found.append(Ticket.unread_count > 0)
    if wanted.mentioned:
        found.append(Ticket.id.in_(_calls(actor)))
    if wanted.since is not None:
        found.append(Ticket.last_message_at >= wanted.since)
    if wanted.until is not None:
        found.append(Ticket.last_message_at <= wanted.until)
    if wanted.tag_id is not None:
        found.append(Ticket.id.in_(select(TicketTag.ticket_id).where(TicketTag.tag_id == wanted.tag_id)))
    if wanted.q.strip():
        found.append(Ticket.id.in_(search.matching_tickets(wanted.q)))
    return found


def _tab(actor: Actor, tab: str, status: str) -> ColumnElement[bool]:
    if tab == "waiting":
        return waiting_for(actor)
    if tab == "mine" and not status:
        return _own(actor)
    whose = Ticket.user_id == actor.user_id if tab == "mine" else visible(actor)
    if status == ANY:
        return whose
    return whose & (Ticket.status == status if status else Ticket.status != "closed")


def _own(actor: Actor) -> ColumnElement[bool]:
    return (Ticket.tenant_id == actor.tenant_id) & (Ticket.user_id == actor.user_id) & (Ticket.status == "open")


def _calls(actor: Actor) -> Select[tuple[uuid.UUID]]:
    return select(Mention.ticket_id).where(Mention.user_id == actor.user_id, Mention.read_at.is_(None))


def count_of(*clauses: ColumnElement[bool], most: int = COUNT_TO) -> Any:
    short = select(Ticket.id).where(*clauses).limit(most).subquery()
    return select(func.count()).select_from(short).scalar_subquery()
