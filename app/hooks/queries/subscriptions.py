"""Addresses, what waits for them and what was delivered."""

import uuid
from collections.abc import Collection, Sequence

from flask_babel import gettext as _
from sqlalchemy import Row, Select, func, select, text

from app.core import paging
from app.core.context import Actor, current_actor
from app.core.db import read_session
from app.core.errors import Invalid, NotFound
from app.core.paging import Page
from app.core.permissions import can, require
from app.hooks.models import Delivery, Webhook

COUNT_TO = 10_000

_PENDING = text("""
    SELECT w.id, (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries d
        WHERE d.webhook_id = w.id AND d.state = 'pending' LIMIT :most) x) AS n
    FROM webhooks w WHERE w.tenant_id = :tenant AND w.id = ANY (:ids)
""")


def get_webhook(webhook_id: uuid.UUID) -> Webhook:
    require("webhooks.manage")
    found = read_session().scalars(_mine().where(Webhook.id == webhook_id)).one_or_none()
    if found is None:
        raise NotFound(_("Webhook não encontrado"))
    return found


def list_webhooks(page: int = 1, limit: int = 50) -> Page[Webhook]:
    """Newest first; a company has few."""
    require("webhooks.manage")
    page, limit = paging.clamp(page, limit)
    total = read_session().scalar(select(func.count()).select_from(_mine().subquery())) or 0
    wanted = _mine().order_by(Webhook.id.desc()).offset((page - 1) * limit).limit(limit)
    return Page(read_session().scalars(wanted).all(), total, page, limit)


def pending_counts(webhook_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How much waits for each; stops at COUNT_TO."""
    values = {"tenant": current_actor().tenant_id, "ids": list(webhook_ids), "most": COUNT_TO}
    return {row.id: row.n for row in read_session().execute(_PENDING, values)}


def list_deliveries(
    webhook_id: uuid.UUID,
    *,
    state: str | None = None,
    event: str | None = None,
    page: int = 1,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Delivery]:
    """Newest first. `total` stops at COUNT_TO; the cursor goes on at any depth. Raises NotFound, Invalid (cursor)."""
    get_webhook(webhook_id)
    page, limit = paging.clamp(page, limit)
    wanted = _deliveries().where(Delivery.webhook_id == webhook_id)
    if state:
        wanted = wanted.where(Delivery.state == state)
    if event:
        wanted = wanted.where(Delivery.event == event)
    short = wanted.with_only_columns(Delivery.id).limit(COUNT_TO).subquery()
    total = read_session().scalar(select(func.count()).select_from(short)) or 0
    ordered = wanted.order_by(Delivery.id.desc())
    after = _after(cursor)
    ordered = ordered.where(Delivery.id < after) if after else ordered.offset((page - 1) * limit)
    rows = read_session().scalars(ordered.limit(limit + 1)).all()
    following = paging.encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(rows[:limit], total, page, limit, following)


def get_delivery(delivery_id: uuid.UUID) -> Delivery:
    require("webhooks.manage")
    found = read_session().scalars(_deliveries().where(Delivery.id == delivery_id)).one_or_none()
    if found is None:
        raise NotFound(_("Entrega não encontrada"))
    return found


def list_failed(limit: int, skip: int = 0, delivery_id: uuid.UUID | None = None) -> Sequence[Row[tuple[Delivery, str]]]:
    """Deliveries that were given up, newest first, each with the address it was for."""
    require("dead_letters.manage")
    wanted = select(Delivery, Webhook.url).join(Webhook, Webhook.id == Delivery.webhook_id)
    wanted = wanted.where(Delivery.tenant_id == current_actor().tenant_id, Delivery.state == "failed")
    if delivery_id is not None:
        wanted = wanted.where(Delivery.id == delivery_id)
    return read_session().execute(wanted.order_by(Delivery.id.desc()).offset(skip).limit(limit)).all()


def count_failed(most: int) -> int:
    require("dead_letters.manage")
    short = _deliveries().where(Delivery.state == "failed").with_only_columns(Delivery.id).limit(most).subquery()
    return read_session().scalar(select(func.count()).select_from(short)) or 0


def may_read(webhook: Webhook, actor: Actor | None = None) -> bool:
    """Whether what is sent there may be shown: it can hold texts and people that the looking person may not see."""
    actor = actor or current_actor()
    return all(can(actor, sight) for sight in webhook.sees)


def _mine() -> Select[tuple[Webhook]]:
    return select(Webhook).where(Webhook.tenant_id == current_actor().tenant_id)


def _deliveries() -> Select[tuple[Delivery]]:
    return select(Delivery).where(Delivery.tenant_id == current_actor().tenant_id)


def _after(cursor: str | None) -> uuid.UUID | None:
    parts = paging.decode_cursor(cursor, 1)
    if parts is None:
        return None
    try:
        return uuid.UUID(str(parts[0]))
    except ValueError as error:
        raise Invalid.field("cursor", _("Este ponto da lista não existe mais; comece da primeira página.")) from error
