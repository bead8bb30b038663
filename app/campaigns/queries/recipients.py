"""The people of a launched campaign and what became of each message."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import aliased

from app.campaigns.models import Campaign, CampaignRecipient
from app.campaigns.queries import campaigns
from app.campaigns.queries.progress import figures_of
from app.campaigns.rules.segments import SEGMENTS
from app.contacts.models import Contact
from app.contacts.queries.people import Filter
from app.contacts.queries.people import chosen as found_contacts
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.paging import Page, clamp, decode_cursor, encode_cursor
from app.core.permissions import require
from app.instances.models import Instance
from app.messages.models import Message

_STATUSES = ("queued", "sending", "held", "unconfirmed", "sent", "delivered", "read", "played", "failed", "cancelled")


@dataclass(frozen=True)
class Recipient:
    """One row of the table. `code` is the machine's, `detail` the gateway's own words."""

    id: uuid.UUID
    contact_id: uuid.UUID
    name: str
    phone: str | None
    status: str
    text: str
    error_code: str | None
    error_message: str | None
    instance: str
    was_accepted: bool
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    replied_at: datetime | None
    failed_at: datetime | None
    type: str = "text"
    campaign_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Excluded:
    contact_id: uuid.UUID
    name: str
    phone: str | None
    reason: str


def page(
    campaign_id: uuid.UUID,
    number: int | None = 1,
    limit: int | None = None,
    *,
    status: str = "",
    search: str = "",
    after: str | None = None,
) -> Page[Recipient]:
    """In the order they were queued. `status`: a message status or a segment such as `replied`, `not_read`."""
    campaigns.get_campaign(campaign_id)
    at, size = clamp(number, limit)
    cursor = decode_cursor(after, 1)
    skip = 0 if cursor else (at - 1) * size
    clauses = _clauses(status, search)
    ids = _ids(campaign_id, status, clauses, uuid.UUID(cursor[0]) if cursor else None, skip + size + 1)
    picked = ids.order_by("id").offset(skip).limit(size + 1).subquery()
    rows = read_session().execute(_details().join(picked, picked.c.id == Message.id).order_by(Message.id)).all()
    items = [_recipient(row) for row in rows[:size]]
    more = encode_cursor(items[-1].id) if len(rows) > size else None
    return Page(items, total=_total(campaign_id, status, search, clauses), page=at, limit=size, next_cursor=more)


def _clauses(status: str, search: str) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    answered = SEGMENTS.get(status, ((), None))[1]
    if answered is not None:
        clauses.append(Message.replied_at.is_not(None) if answered else Message.replied_at.is_(None))
    if search.strip():
        found = found_contacts(Filter(search=search)).subquery("found")
        clauses.append(Message.contact_id.in_(select(found.c.id)))
    return clauses


def _ids(campaign_id: uuid.UUID, status: str, clauses: list[Any], after: uuid.UUID | None, most: int) -> Select[Any]:
    """One short index scan per status, then the first of them all: flat however many rows a campaign has."""
    statuses = SEGMENTS[status][0] if status in SEGMENTS else ((status,) if status else _STATUSES)
    scans = []
    for one in statuses:
        scan = select(Message.id).where(Message.campaign_id == campaign_id, Message.status == one, *clauses)
        scans.append(scan.where(Message.id > after) if after else scan)
    limited = [select(scan.order_by(Message.id).limit(most).subquery().c.id) for scan in scans]
    return select(union_all(*limited).subquery().c.id)


def _details() -> Select[Any]:
    return (
        select(Message, Contact.name, Contact.phone, Instance.name.label("instance"))
        .outerjoin(Contact, Contact.id == Message.contact_id)
        .outerjoin(Instance, Instance.id == Message.instance_id)
    )


def _recipient(row: Any) -> Recipient:
    message: Message = row[0]
    return Recipient(
        id=message.id,
        contact_id=message.contact_id,  # type: ignore[arg-type]
        name=row.name or "",
        phone=row.phone,
        status=message.status,
        text=message.body,
        error_code=message.error_code,
        error_message=message.error_message,
        instance=row.instance or "",
        was_accepted=message.external_id is not None,
        sent_at=message.sent_at,
        delivered_at=message.delivered_at,
        read_at=message.read_at,
        replied_at=message.replied_at,
        failed_at=message.failed_at,
        type=message.type,
        campaign_id=message.campaign_id,
    )


def _total(campaign_id: uuid.UUID, status: str, search: str, clauses: list[Any]) -> int:
    numbers = figures_of(campaign_id)
    known = {"": numbers.total, "failed": numbers.failed, "unconfirmed": numbers.unconfirmed, "queued": numbers.queued}
    if not search.strip() and status in known:
        return known[status]
    statuses = SEGMENTS[status][0] if status in SEGMENTS else ((status,) if status else _STATUSES)
    query = select(func.count()).where(Message.campaign_id == campaign_id, Message.status.in_(statuses), *clauses)
    return read_session().scalar(query) or 0


def get_message(campaign_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    found = read_session().get(Message, message_id, populate_existing=True)
    if found is None or found.campaign_id != campaign_id or found.tenant_id != current_actor().tenant_id:
        raise NotFound
    return found


def get_dispatch(message_id: uuid.UUID) -> Recipient:
    require("campaigns.read")
    mine = (Message.tenant_id == current_actor().tenant_id, Message.campaign_id.is_not(None))
    row = read_session().execute(_details().where(Message.id == message_id, *mine)).one_or_none()
    if row is None:
        raise NotFound
    return _recipient(row)


def failed_ids(campaign_id: uuid.UUID, *, accepted: bool, limit: int) -> list[uuid.UUID]:
    """Oldest first; those that WhatsApp had accepted only with `accepted`."""
    query = select(Message.id).where(Message.campaign_id == campaign_id, Message.status == "failed")
    if not accepted:
        query = query.where(Message.external_id.is_(None))
    return list(read_session().scalars(query.order_by(Message.id).limit(limit)))


def count_failed(campaign_id: uuid.UUID) -> tuple[int, int]:
    """Never accepted, and accepted before they failed."""
    query = select(func.count(), func.count(Message.external_id))
    count, accepted = read_session().execute(
        query.where(Message.campaign_id == campaign_id, Message.status == "failed")
    ).one()  # fmt: skip
    return count - accepted, accepted


def unconfirmed_ids(campaign_id: uuid.UUID, chosen: Sequence[uuid.UUID] | None, *, limit: int) -> list[uuid.UUID]:
    query = select(Message.id).where(Message.campaign_id == campaign_id, Message.status == "unconfirmed")
    if chosen is not None:
        query = query.where(Message.id.in_(chosen))
    return list(read_session().scalars(query.order_by(Message.id).limit(limit)))


def failures_by_code(campaign_id: uuid.UUID) -> list[tuple[str, int]]:
    """Most frequent first."""
    count = func.count()
    query = select(func.coalesce(Message.error_code, "other"), count)
    query = query.where(Message.campaign_id == campaign_id, Message.status == "failed")
    rows = read_session().execute(query.group_by(Message.error_code).order_by(count.desc()).limit(10))
    return list(rows)


def excluded(campaign_id: uuid.UUID, reason: str = "", *, after: str | None = None, limit: int = 50) -> Page[Excluded]:
    """Who was left out at the launch, and why."""
    campaign = campaigns.get_campaign(campaign_id)
    row = CampaignRecipient
    query = select(row.contact_id, Contact.name, Contact.phone, row.skip_reason)
    query = query.outerjoin(Contact, Contact.id == row.contact_id).where(row.campaign_id == campaign_id)
    query = query.where(row.skip_reason == reason if reason else row.skip_reason.is_not(None))
    if cursor := decode_cursor(after, 1):
        query = query.where(row.recipient_key > cursor[0])
    rows = (
        read_session().execute(query.add_columns(row.recipient_key).order_by(row.recipient_key).limit(limit + 1)).all()
    )
    items = [Excluded(one.contact_id, one.name or "", one.phone, one.skip_reason) for one in rows[:limit]]
    total = campaign.excluded.get(reason, 0) if reason else sum(campaign.excluded.values())
    more = encode_cursor(rows[limit - 1].recipient_key) if len(rows) > limit else None
    return Page(items, total=total, page=1, limit=limit, next_cursor=more)


def dispatches(
    number: int | None = 1,
    limit: int | None = None,
    *,
    campaign_id: uuid.UUID | None = None,
    status: str = "",
    after: str | None = None,
) -> Page[Recipient]:
    """Campaign messages of the whole company, newest first."""
    require("campaigns.read")
    at, size = clamp(number, limit)
    query = select(Message.id).where(Message.tenant_id == current_actor().tenant_id, Message.campaign_id.is_not(None))
    if campaign_id:
        query = query.where(Message.campaign_id == campaign_id)
    if status:
        query = query.where(Message.status.in_(SEGMENTS[status][0] if status in SEGMENTS else (status,)))
    total = read_session().scalar(select(func.count()).select_from(query.subquery())) or 0
    if cursor := decode_cursor(after, 1):
        query = query.where(Message.id < uuid.UUID(cursor[0]))
    else:
        query = query.offset((at - 1) * size)
    picked = query.order_by(Message.id.desc()).limit(size + 1).subquery()
    rows = read_session().execute(_details().join(picked, picked.c.id == Message.id).order_by(Message.id.desc())).all()
    items = [_recipient(row) for row in rows[:size]]
    more = encode_cursor(items[-1].id) if len(rows) > size else None
    return Page(items, total=total, page=at, limit=size, next_cursor=more)


def outcomes(campaign: Campaign, chunk: int = 5000) -> Iterator[Any]:
    """Every person of the frozen audience with what became of the message, excluded ones too. Read in pages, so that
    a result of any size stays small in memory."""
    last: str | None = None
    row, contact = CampaignRecipient, aliased(Contact)
    query = (
        select(row.contact_id, row.recipient_key, row.skip_reason, Message, contact, Instance.name.label("instance"))
        .outerjoin(Message, Message.id == row.message_id)
        .outerjoin(contact, contact.id == row.contact_id)
        .outerjoin(Instance, Instance.id == Message.instance_id)
        .where(row.campaign_id == campaign.id)
        .order_by(row.recipient_key)
        .limit(chunk)
    )
    session = read_session()
    while True:
        rows = session.execute(query.where(row.recipient_key > last) if last else query).all()
        yield from rows
        if len(rows) < chunk:
            return
        last = rows[-1].recipient_key
        session.expunge_all()
