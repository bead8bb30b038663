"""One verb over many contacts: chosen ones, or everybody a filter finds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.contacts.models import Contact, ContactTag, GroupMember
from app.contacts.queries import finding, labels
from app.contacts.queries.segments import mine
from app.contacts.service.labels import ensure_tags
from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit
from app.core.permissions import require


@dataclass(frozen=True)
class Choice:
    """Contacts ticked on a page, or all that a filter finds."""

    ids: Sequence[uuid.UUID] = ()
    wanted: finding.Filter | None = None

    def select(self) -> Select[Any]:
        chosen_ids = finding.chosen(self.wanted) if self.wanted is not None else self.ids
        return select(Contact.id).where(mine(), Contact.id.in_(chosen_ids))


def add_to_group(choice: Choice, group_id: uuid.UUID) -> int:
    group = labels.get_group(group_id)
    found = choice.select().with_only_columns(literal(current_actor().tenant_id), literal(group.id), Contact.id)
    return _add(GroupMember, ["tenant_id", "group_id", "contact_id"], found, "contacts.group", group.id)


def add_tag(choice: Choice, name: str) -> int:
    require("contacts.manage")
    with transaction():
        (tag,) = ensure_tags([name])
        found = choice.select().with_only_columns(literal(current_actor().tenant_id), Contact.id, literal(tag.id))
        return _add(ContactTag, ["tenant_id", "contact_id", "tag_id"], found, "contacts.tag", tag.id)


def _add(model: type[Any], columns: list[str], found: Select[Any], verb: str, row_id: uuid.UUID) -> int:
    require("contacts.manage")
    with transaction() as session:
        added = session.execute(upsert(model).from_select(columns, found).on_conflict_do_nothing()).rowcount
        _record(verb, row_id, added)
    return added


def remove_from_group(choice: Choice, group_id: uuid.UUID) -> int:
    rows = delete(GroupMember).where(GroupMember.group_id == group_id, GroupMember.contact_id.in_(choice.select()))
    return _change(rows, "contacts.ungroup", group_id)


def remove_tag(choice: Choice, tag_id: uuid.UUID) -> int:
    rows = delete(ContactTag).where(ContactTag.tag_id == tag_id, ContactTag.contact_id.in_(choice.select()))
    return _change(rows, "contacts.untag", tag_id)


def block(choice: Choice, *, blocked: bool = True) -> int:
    rows = update(Contact).where(Contact.id.in_(choice.select()), Contact.is_blocked.is_not(blocked))
    return _change(rows.values(is_blocked=blocked), "contacts.block" if blocked else "contacts.unblock")


def opt_out(choice: Choice, source: str) -> int:
    rows = update(Contact).where(Contact.id.in_(choice.select()), Contact.opted_out_at.is_(None))
    return _change(rows.values(opted_out_at=clock.now(), opted_out_source=source), "contacts.opt_out")


def remove(choice: Choice) -> tuple[int, datetime]:
    """Deleted contacts keep their rows until retention takes them; the moment given back undoes this."""
    at = clock.now()
    rows = update(Contact).where(Contact.id.in_(choice.select())).values(deleted_at=at)
    return _change(rows, "contacts.delete"), at


def restore(at: datetime) -> int:
    """Undoes the removal made at that very moment."""
    rows = update(Contact).where(
        Contact.tenant_id == current_actor().tenant_id, Contact.deleted_at == at, Contact.merged_into.is_(None)
    )
    return _change(rows.values(deleted_at=None), "contacts.restore")


def _change(statement: Any, verb: str, row_id: uuid.UUID | None = None) -> int:
    require("contacts.manage")
    with transaction() as session:
        changed = session.execute(statement.execution_options(synchronize_session=False)).rowcount
        session.expire_all()
        _record(verb, row_id, changed)
    return changed


def _record(verb: str, row_id: uuid.UUID | None, count: int) -> None:
    audit(verb, "contact", row_id, {"count": count})
    emit("contacts.changed", verb=verb, count=count)
