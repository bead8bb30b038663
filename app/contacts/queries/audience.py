"""Who a campaign would reach: one SELECT for a list, groups, tags or chosen contacts, never a Python loop."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, exists, or_, select

from app.contacts.models import Contact, ContactTag, GroupMember
from app.contacts.queries.labels import get_list
from app.contacts.queries.segments import mine, segment_clause


def audience(
    *,
    list_id: uuid.UUID | None = None,
    group_ids: Sequence[uuid.UUID] = (),
    tag_ids: Sequence[uuid.UUID] = (),
    contact_ids: Sequence[uuid.UUID] = (),
) -> Select[tuple[Contact]]:
    """Living contacts in any of them, once each; opted-out and blocked ones included, for the caller to count."""
    clauses = []
    if list_id:
        clauses.append(segment_clause(get_list(list_id).filters))
    if group_ids:
        clauses.append(exists().where(GroupMember.group_id.in_(group_ids), GroupMember.contact_id == Contact.id))
    if tag_ids:
        clauses.append(exists().where(ContactTag.tag_id.in_(tag_ids), ContactTag.contact_id == Contact.id))
    if contact_ids:
        clauses.append(Contact.id.in_(contact_ids))
    return select(Contact).where(mine(), or_(False, *clauses))
