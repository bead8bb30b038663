"""The launch itself: one statement that freezes the audience, renders every text and queues it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Select,
    String,
    Text,
    Uuid,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    table,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

from app.campaigns.models import CampaignRecipient
from app.campaigns.queries.audience import Audience, Content, candidates
from app.core.db import transaction
from app.messages.models import Message
from app.outbox.models import Lane, OutboxRow
from app.outbox.service.spoken import HOLD

# Three inserts read the frozen rows; in memory they do not go through temporary files first.
_MEMORY = text("SET LOCAL work_mem = '128MB'")
_conversations = table(
    "conversations",
    column("instance_id", Uuid),
    column("contact_id", Uuid),
    column("last_inbound_at", DateTime(timezone=True)),
    column("last_outbound_at", DateTime(timezone=True)),
)


@dataclass(frozen=True)
class Envelope:
    """What every message of the campaign shares. `kind` is the message type; `media_url` a public address."""

    campaign_id: uuid.UUID
    tenant_id: uuid.UUID
    user_id: uuid.UUID | None
    instance_ids: Sequence[uuid.UUID]
    kind: str
    media_id: uuid.UUID | None
    media_url: str | None
    at: datetime


def freeze(envelope: Envelope, who: Audience, content: Content, names: Sequence[str]) -> dict[str | None, int]:
    """Run it; how many per reason of exclusion, and under None how many messages were queued."""
    people = candidates(who, content, names)
    fresh = _fresh(people, envelope)
    statement = (
        select(people.c.reason, func.count())
        .group_by(people.c.reason)
        .add_cte(_recipients(people, fresh, envelope), _messages(fresh, envelope), _outbox(fresh, envelope))
    )
    with transaction() as session:
        session.execute(_MEMORY)
        return dict(session.execute(statement).all())


def _fresh(people: CTE, envelope: Envelope) -> CTE:
    turn = func.row_number().over(order_by=people.c.id)
    chosen = select(people, _instance(people, turn, envelope.instance_ids).label("instance_id"))
    ordered = chosen.where(people.c.reason.is_(None)).order_by(people.c.id).subquery("ordered")
    return select(ordered, func.uuid7(type_=Uuid).label("message_id")).cte("fresh").prefix_with("MATERIALIZED")


def _instance(people: CTE, turn: Any, instance_ids: Sequence[uuid.UUID]) -> ColumnElement[uuid.UUID]:
    """The number the person last talked on, if it is one of ours; the others take turns."""
    if len(instance_ids) == 1:
        return literal(instance_ids[0], Uuid)
    by_turn = case({at: literal(one, Uuid) for at, one in enumerate(instance_ids)}, value=turn % len(instance_ids))
    last = func.greatest(_conversations.c.last_inbound_at, _conversations.c.last_outbound_at)
    known = (
        select(_conversations.c.instance_id)
        .where(_conversations.c.contact_id == people.c.id, _conversations.c.instance_id.in_(instance_ids))
        .order_by(last.desc().nulls_last(), _conversations.c.instance_id)
        .limit(1)
    )
    return func.coalesce(known.scalar_subquery(), by_turn)


def _recipients(people: CTE, fresh: CTE, envelope: Envelope) -> CTE:
    """The excluded are kept too, under a key of their own, so that pages and sheets can name them."""
    campaign, tenant = literal(envelope.campaign_id, Uuid), literal(envelope.tenant_id, Uuid)
    goes = select(campaign, fresh.c.person_key, tenant, fresh.c.id, fresh.c.message_id, cast(None, Text))
    stays = select(
        campaign,
        literal("contact:") + cast(people.c.id, String),
        tenant,
        people.c.id,
        cast(None, Uuid),
        people.c.reason,
    ).where(people.c.reason.is_not(None))
    columns = ["campaign_id", "recipient_key", "tenant_id", "contact_id", "message_id", "skip_reason"]
    return _insert(CampaignRecipient, columns, goes.union_all(stays), "frozen")


def _messages(fresh: CTE, envelope: Envelope) -> CTE:
    media = {"url": envelope.media_url} if envelope.media_url else None
    values: dict[str, Any] = {
        "id": fresh.c.message_id,
        "tenant_id": literal(envelope.tenant_id, Uuid),
        "instance_id": fresh.c.instance_id,
        "contact_id": fresh.c.id,
        "campaign_id": literal(envelope.campaign_id, Uuid),
        "direction": literal("outbound"),
        "sender_type": literal("campaign"),
        "user_id": cast(envelope.user_id, Uuid),
        "type": literal(envelope.kind),
        "body": fresh.c.body,
        "media_id": cast(envelope.media_id, Uuid),
        "media": cast(media, JSONB(none_as_null=True)),
        "recipient_key": fresh.c.address,
        "status": literal("queued"),
        "thread_at": literal(envelope.at, DateTime(timezone=True)),
        "created_at": literal(envelope.at, DateTime(timezone=True)),
    }
    return _insert(Message, list(values), select(*values.values()), "written")


def _outbox(fresh: CTE, envelope: Envelope) -> CTE:
    values: dict[str, Any] = {
        "message_id": fresh.c.message_id,
        "tenant_id": literal(envelope.tenant_id, Uuid),
        "instance_id": fresh.c.instance_id,
        "contact_id": fresh.c.id,
        "campaign_id": literal(envelope.campaign_id, Uuid),
        "recipient_key": fresh.c.address,
        "lane": literal(int(Lane.LOW)),
        "send_after": literal(envelope.at, DateTime(timezone=True)),
    }
    if envelope.kind == "voice":  # until its audio is ready
        values["held"] = literal(HOLD)
    return _insert(OutboxRow, list(values), select(*values.values()), "queued_up")


def _insert(model: Any, columns: list[str], rows: Select[Any] | Any, name: str) -> CTE:
    # Python-side defaults would be one id for all rows; the database's own serve each.
    return insert(model.__table__).from_select(columns, rows, include_defaults=False).cte(name)
