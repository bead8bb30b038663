"""Reads of numbers. Every one is scoped to the actor's company by row-level security and by filter."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, text

from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.paging import Page, clamp
from app.instances.models import Instance

_PACE = text(
    """SELECT hold, hold_detail, held_at, unacked, unacked_since, first_go_at, last_go_at
       FROM instance_pace WHERE instance_id = :instance_id AND tenant_id = :tenant_id"""
)


@dataclass(frozen=True)
class Sending:
    """What the send queue knows of a number."""

    hold: str | None = None
    hold_detail: str | None = None
    held_at: datetime | None = None
    unacked: int = 0
    unacked_since: datetime | None = None
    first_go_at: datetime | None = None
    last_go_at: datetime | None = None


def _mine() -> ColumnElement[bool]:
    return (Instance.tenant_id == current_actor().tenant_id) & Instance.deleted_at.is_(None)


def get_instance(instance_id: uuid.UUID) -> Instance:
    found = find_instance(instance_id)
    if found is None:
        raise NotFound
    return found


def find_instance(instance_id: uuid.UUID) -> Instance | None:
    query = select(Instance).where(Instance.id == instance_id, _mine())
    return read_session().scalar(query.execution_options(populate_existing=True))


def list_instances() -> list[Instance]:
    """A company has few: all of them, the default first."""
    return list(read_session().scalars(select(Instance).where(_mine()).order_by(*_ORDER)))


_ORDER = (Instance.is_default.desc(), func.lower(Instance.name), Instance.id)


def page_of_instances(page: int | None, limit: int | None, search: str = "") -> Page[Instance]:
    number, size = clamp(page, limit)
    query = select(Instance).where(_mine())
    if search:
        wanted = f"%{search}%"
        query = query.where(or_(Instance.name.ilike(wanted), Instance.phone_number.ilike(wanted)))
    session = read_session()
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(*_ORDER).limit(size).offset((number - 1) * size))
    return Page(list(rows), total=total, page=number, limit=size)


def find_default() -> Instance | None:
    """The default number, or the only sensible one."""
    query = select(Instance).where(_mine(), Instance.is_active).order_by(*_ORDER).limit(1)
    return read_session().scalar(query)


def find_by_phone(phone_number: str) -> Instance | None:
    return read_session().scalar(select(Instance).where(_mine(), Instance.phone_number == phone_number))


def sending_of(instance_id: uuid.UUID) -> Sending:
    scope = {"instance_id": instance_id, "tenant_id": current_actor().tenant_id}
    row = read_session().execute(_PACE, scope).mappings().first()
    return Sending(**row) if row else Sending()
