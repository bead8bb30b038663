"""Groups, tags and lists."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, select

from app.contacts.models import Contact, ContactList, ContactTag, Group, GroupMember, Tag
from app.contacts.queries.segments import mine
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.paging import Page
from app.core.permissions import require

Label = Group | Tag | ContactList


def _own(model: type[Any]) -> Select[Any]:
    return select(model).where(model.tenant_id == current_actor().tenant_id)


def _get(model: type[Any], row_id: uuid.UUID) -> Any:
    require("contacts.read")
    row = read_session().get(model, row_id)
    if row is None or row.tenant_id != current_actor().tenant_id:
        raise NotFound
    return row


def get_group(group_id: uuid.UUID) -> Group:
    return _get(Group, group_id)


def get_tag(tag_id: uuid.UUID) -> Tag:
    return _get(Tag, tag_id)


def get_list(list_id: uuid.UUID) -> ContactList:
    return _get(ContactList, list_id)


def list_groups() -> list[Group]:
    return list(read_session().scalars(_own(Group).order_by(Group.name)))


def list_tags() -> list[Tag]:
    return list(read_session().scalars(_own(Tag).order_by(Tag.name)))


def list_lists() -> list[ContactList]:
    return list(read_session().scalars(_own(ContactList).order_by(ContactList.name)))


def page_of(model: type[Any], page: int, limit: int) -> Page[Any]:
    require("contacts.read")
    session = read_session()
    total = session.scalar(select(func.count()).select_from(_own(model).subquery())) or 0
    rows = session.scalars(_own(model).order_by(model.name).limit(limit).offset((page - 1) * limit))
    return Page(list(rows), total, page, limit)


def find_by_name(model: type[Any], name: str) -> Any | None:
    return read_session().scalar(_own(model).where(func.lower(model.name) == name.strip().lower()))


def group_sizes(group_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Living members of each group."""
    statement = (
        select(GroupMember.group_id, func.count())
        .join(Contact, Contact.id == GroupMember.contact_id)
        .where(mine(), GroupMember.group_id.in_(list(group_ids)))
        .group_by(GroupMember.group_id)
    )
    return dict(read_session().execute(statement).all())


def tag_sizes(tag_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    statement = (
        select(ContactTag.tag_id, func.count())
        .join(Contact, Contact.id == ContactTag.contact_id)
        .where(mine(), ContactTag.tag_id.in_(list(tag_ids)))
        .group_by(ContactTag.tag_id)
    )
    return dict(read_session().execute(statement).all())
