"""Departments: their words, hours, people and how conversations are handed out."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.contacts.rules import COLORS
from app.core.audit import audit
from app.core.background import nudge
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.inbox.models import DISTRIBUTIONS, Queue, QueueMember
from app.inbox.queries.queues import get_queue
from app.inbox.service.assigning import may_attend
from app.instances.rules.pace import problems

EDITABLE = (
    "name",
    "description",
    "color",
    "greeting",
    "away_message",
    "hours",
    "distribution",
    "priority",
    "is_active",
)
LONGEST = {"name": 80, "description": 500, "greeting": 1000, "away_message": 1000}


def create_queue(name: str, *, member_ids: Collection[uuid.UUID] = (), **fields: Any) -> Queue:
    """Raises Invalid with the fields, Conflict for a name in use."""
    require("queues.manage")
    queue = Queue(**_checked({"name": name, **fields}))
    with transaction():
        _save(queue, member_ids)
        audit("queue.create", "queue", queue.id, {"name": queue.name})
    return queue


def update_queue(queue_id: uuid.UUID, *, member_ids: Collection[uuid.UUID] | None = None, **changes: Any) -> Queue:
    require("queues.manage")
    with transaction():
        queue = get_queue(queue_id)
        for name, value in _checked(changes).items():
            setattr(queue, name, value)
        _save(queue, member_ids)
        audit("queue.update", "queue", queue.id, {"fields": sorted(changes)})
    return queue


def delete_queue(queue_id: uuid.UUID) -> None:
    """Its conversations stay, in no queue."""
    require("queues.manage")
    with transaction() as session:
        queue = get_queue(queue_id)
        session.delete(queue)
        audit("queue.delete", "queue", queue_id, {"name": queue.name})
        emit("queue.deleted", queue_id=queue_id)


def _save(queue: Queue, member_ids: Collection[uuid.UUID] | None) -> None:
    try:
        with transaction() as session, session.begin_nested():
            session.add(queue)
            session.flush()
            if member_ids is not None:
                _set_members(queue.id, member_ids)
            emit("queue.changed", queue_id=queue.id)
            nudge("inbox.distribute", tenant_id=queue.tenant_id)
    except IntegrityError as error:
        raise Conflict(_("Já existe uma fila com este nome"), code="name_taken") from error


def _set_members(queue_id: uuid.UUID, member_ids: Collection[uuid.UUID]) -> None:
    """Who stays keeps their turn."""
    wanted = set(member_ids)
    with transaction() as session:
        people = session.scalars(select(User).where(User.id.in_(wanted), User.tenant_id == current_actor().tenant_id))
        if wanted - {user.id for user in people if may_attend(user)}:
            raise Invalid.field("member_ids", _("Escolha pessoas ativas que atendem conversas"))
        before = set(session.scalars(select(QueueMember.user_id).where(QueueMember.queue_id == queue_id)))
        gone = QueueMember.user_id.in_(before - wanted)
        session.execute(delete(QueueMember).where(QueueMember.queue_id == queue_id, gone))
        session.add_all(QueueMember(queue_id=queue_id, user_id=user_id) for user_id in sorted(wanted - before))
        session.flush()


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in fields.items() if name in EDITABLE and value is not None}
    found = {name: value.strip() if isinstance(value, str) else value for name, value in known.items()}
    errors = [*_wordy(found), *_choices(found)]
    if errors:
        raise Invalid(errors=errors)
    return found


def _wordy(found: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    if "name" in found and not found["name"]:
        errors.append(FieldError("name", _("Dê um nome à fila")))
    for name, most in LONGEST.items():
        if len(found.get(name, "")) > most:
            errors.append(FieldError(name, _("O texto passa de %(most)s caracteres", most=most)))
    return errors


def _choices(found: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    if found.get("distribution", "manual") not in DISTRIBUTIONS:
        errors.append(FieldError("distribution", _("Escolha uma forma de distribuição da lista")))
    if found.get("color", "teal") not in COLORS:
        errors.append(FieldError("color", _("Escolha uma cor da lista")))
    if found.get("hours") and problems({"hours": found["hours"]}):
        errors.append(FieldError("hours", _("O horário tem um início, um fim e dias de 1 a 7")))
    return errors
