"""Groups, tags and lists."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete

from app.contacts.models import ContactList, ContactTag, Group, Tag
from app.contacts.queries import labels
from app.contacts.queries.segments import check_filters, count_segment
from app.contacts.rules import COLORS
from app.core import clock
from app.core.audit import audit
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.facts import emit
from app.core.permissions import require


def create_group(name: str, *, description: str = "", color: str = "teal") -> Group:
    return _create(Group, "group", name, color=_color(color), description=description.strip()[:500])


def ensure_group(name: str) -> Group:
    """The group of that name, made unless there is one."""
    require("contacts.manage")
    return labels.find_by_name(Group, _name(name)) or create_group(name)


def update_group(group_id: uuid.UUID, **changes: Any) -> Group:
    return _update(labels.get_group(group_id), "group", changes)


def delete_group(group_id: uuid.UUID) -> None:
    """Its contacts stay."""
    _delete(labels.get_group(group_id), "group")


def create_tag(name: str, *, color: str = "blue") -> Tag:
    return _create(Tag, "tag", name, color=_color(color))


def update_tag(tag_id: uuid.UUID, **changes: Any) -> Tag:
    return _update(labels.get_tag(tag_id), "tag", changes)


def delete_tag(tag_id: uuid.UUID) -> None:
    _delete(labels.get_tag(tag_id), "tag")


def create_list(name: str, *, filters: dict[str, Any], description: str = "") -> ContactList:
    _check(filters)
    made = _create(ContactList, "list", name, filters=filters, description=description.strip()[:500])
    return recount(made.id)


def update_list(list_id: uuid.UUID, **changes: Any) -> ContactList:
    if "filters" in changes:
        _check(changes["filters"])
    return recount(_update(labels.get_list(list_id), "list", changes).id)


def delete_list(list_id: uuid.UUID) -> None:
    _delete(labels.get_list(list_id), "list")


def recount(list_id: uuid.UUID) -> ContactList:
    """Refreshes the estimate that pages show beside the list."""
    with transaction():
        found = labels.get_list(list_id)
        found.estimated_count, found.estimated_at = count_segment(found.filters), clock.now()
    return found


def _check(filters: Any) -> None:
    wrong = check_filters(filters)
    if wrong:
        message = _("Uma condição da lista está incompleta.")
        raise Invalid(message, errors=[FieldError(f"filters.{path}", message) for path in wrong])


def _create(model: type[Any], kind: str, name: str, **values: Any) -> Any:
    require("contacts.manage")
    name = _name(name)
    if labels.find_by_name(model, name):
        raise _name_taken(name)
    with transaction() as session:
        made = model(name=name, **values)
        session.add(made)
        session.flush()
        audit(f"{kind}.create", kind, made.id, {"name": name})
        emit(f"{kind}.created", id=made.id)
    return made


def _update(row: Any, kind: str, changes: dict[str, Any]) -> Any:
    require("contacts.manage")
    if "name" in changes:
        changes["name"] = _name(changes["name"])
        rival = labels.find_by_name(type(row), changes["name"])
        if rival is not None and rival.id != row.id:
            raise _name_taken(changes["name"])
    if "color" in changes:
        changes["color"] = _color(changes["color"])
    with transaction():
        before = {key: getattr(row, key) for key in changes}
        for key, value in changes.items():
            setattr(row, key, value)
        audit(f"{kind}.update", kind, row.id, {key: [old, changes[key]] for key, old in before.items()})
        emit(f"{kind}.updated", id=row.id)
    return row


def _delete(row: Any, kind: str) -> None:
    require("contacts.manage")
    with transaction() as session:
        audit(f"{kind}.delete", kind, row.id, {"name": row.name})
        emit(f"{kind}.deleted", id=row.id)
        session.delete(row)


def _name(name: str) -> str:
    cleaned = " ".join((name or "").split())[:80]
    if not cleaned:
        raise Invalid.field("name", _("Dê um nome."))
    return cleaned


def _name_taken(name: str) -> Conflict:
    message = _("Já existe “%(name)s”.", name=name)
    return Conflict(message, errors=[FieldError("name", message)], code="name_taken")


def _color(color: str) -> str:
    if color not in COLORS:
        raise Invalid.field("color", _("Escolha uma das cores."))
    return color


def ensure_tags(names: Sequence[str]) -> list[Tag]:
    """Tags by name, those missing made on the way: whoever may edit a contact may name a tag."""
    found = []
    with transaction() as session:
        for name in dict.fromkeys(" ".join(name.split())[:60] for name in names if name.strip()):
            tag = labels.find_by_name(Tag, name)
            if tag is None:
                tag = Tag(name=name)
                session.add(tag)
                session.flush()
            found.append(tag)
    return found


def set_tags(contact_id: uuid.UUID, names: Sequence[str]) -> None:
    """The contact has these tags and no others."""
    require("contacts.write")
    with transaction() as session:
        wanted = {tag.id for tag in ensure_tags(names)}
        session.execute(delete(ContactTag).where(ContactTag.contact_id == contact_id, ContactTag.tag_id.not_in(wanted)))
        for tag_id in wanted:
            session.merge(ContactTag(contact_id=contact_id, tag_id=tag_id))
