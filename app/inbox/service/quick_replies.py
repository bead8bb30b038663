"""Ready answers behind `/`, everybody's or one's own, and a person's saved filters."""

import re
import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Tenant, User
from app.contacts.models import Contact
from app.core.audit import audit
from app.core.context import Actor
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.permissions import can, require
from app.inbox.models import QuickReply, SavedFilter
from app.inbox.queries.access import get_ticket
from app.inbox.queries.queues import get_quick_reply, may_edit
from app.media.queries import get_media
from app.media.service import check_uploaded
from app.templates.rules import render

LONGEST, LONGEST_CATEGORY = 4096, 60
_FIELDS = ("shortcut", "content", "category", "media_id")
_SHORTCUT = re.compile(r"[\w-]{1,40}")


def create_quick_reply(
    shortcut: str, content: str, *, is_own: bool = False, category: str = "", media_id: uuid.UUID | None = None
) -> QuickReply:
    """`is_own`: only for the actor. Raises Forbidden, Invalid, Conflict for a shortcut in use."""
    actor = _may_write(is_own)
    fields = {"shortcut": shortcut, "content": content, "category": category, "media_id": media_id}
    with transaction():
        reply = QuickReply(user_id=actor.user_id if is_own else None, **_checked(fields))
        return _save(reply, "quick_reply.create")


def update_quick_reply(reply_id: uuid.UUID, **changes: Any) -> QuickReply:
    require("inbox.use")
    with transaction():
        reply = get_quick_reply(reply_id)
        if not may_edit(reply):
            raise Forbidden
        for name, value in _checked({**_fields(reply), **changes}).items():
            setattr(reply, name, value)
        return _save(reply, "quick_reply.update")


def delete_quick_reply(reply_id: uuid.UUID) -> None:
    require("inbox.use")
    with transaction() as session:
        reply = get_quick_reply(reply_id)
        if not may_edit(reply):
            raise Forbidden
        session.delete(reply)
        audit("quick_reply.delete", "quick_reply", reply_id, {"shortcut": reply.shortcut})


def fill_quick_reply(reply_id: uuid.UUID, ticket_id: uuid.UUID) -> str:
    """Its text for this conversation: {nome}, {telefone}, {email}, {atendente}, {empresa} and the contact's fields."""
    actor = require("inbox.use")
    reply, ticket = get_quick_reply(reply_id), get_ticket(ticket_id)
    with transaction() as session:
        contact = session.get(Contact, ticket.contact_id)
        user = session.get(User, actor.user_id) if actor.user_id else None
        tenant = session.get(Tenant, actor.tenant_id)
    known = {
        "nome": contact.name,
        "primeiro_nome": contact.name.split()[0] if contact.name.split() else "",
        "telefone": contact.phone,
        "email": contact.email,
        "atendente": user.name if user else "",
        "empresa": tenant.name if tenant else "",
    }
    return render(reply.content, {**(contact.custom_fields or {}), **known})


def save_filter(name: str, filters: dict[str, Any]) -> SavedFilter:
    """A person's own; the same name again replaces it."""
    actor = require("inbox.use")
    title = name.strip()[:60]
    if not title or actor.user_id is None:
        raise Invalid.field("name", _("Dê um nome ao filtro"))
    with transaction() as session:
        mine = {"tenant_id": actor.tenant_id, "user_id": actor.user_id, "name": title}
        found = session.query(SavedFilter).filter_by(**mine).one_or_none() or SavedFilter(**mine)
        found.filters = filters
        session.add(found)
        session.flush()
    return found


def delete_filter(filter_id: uuid.UUID) -> None:
    actor = require("inbox.use")
    with transaction() as session:
        found = session.get(SavedFilter, filter_id)
        if found is None or found.user_id != actor.user_id:
            raise NotFound
        session.delete(found)


def _may_write(is_own: bool) -> Actor:
    actor = require("inbox.use")
    if not (can(actor, "queues.manage") or (is_own and can(actor, "quick_replies.own"))):
        raise Forbidden
    return actor


def _fields(reply: QuickReply) -> dict[str, Any]:
    return {name: getattr(reply, name) for name in _FIELDS}


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """All of them, tidied. A file may stand for the words."""
    found = {name: fields[name] for name in _FIELDS}
    for name in ("shortcut", "content", "category"):
        found[name] = (found[name] or "").strip()
    found["shortcut"] = found["shortcut"].lstrip("/").lower()
    if not _SHORTCUT.fullmatch(found["shortcut"]):
        raise Invalid.field("shortcut", _("Use de 1 a 40 letras, números ou hifens, sem espaços"))
    if len(found["content"]) > LONGEST or not (found["content"] or found["media_id"]):
        raise Invalid.field("content", _("Escreva o texto, com até 4.096 caracteres, ou escolha um arquivo"))
    if len(found["category"]) > LONGEST_CATEGORY:
        raise Invalid.field("category", _("Use até 60 letras"))
    if found["media_id"]:
        _check_file(found["media_id"])
    return found


def _check_file(media_id: uuid.UUID) -> None:
    """One that the actor may see, because behind a shortcut it is shown to others. Held against the sweep."""
    get_media(media_id)
    if check_uploaded(media_id).kind == "recording":
        raise Invalid.field("media_id", _("Este áudio ainda está sendo preparado. Espere um instante e tente de novo."))


def _save(reply: QuickReply, action: str) -> QuickReply:
    try:
        with transaction() as session, session.begin_nested():
            session.add(reply)
            session.flush()
            audit(action, "quick_reply", reply.id, {"shortcut": reply.shortcut})
    except IntegrityError as error:
        raise Conflict(_("Este atalho já existe"), code="shortcut_taken") from error
    return reply
