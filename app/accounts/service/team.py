"""What admins decide about people: role, extra permissions, limits, coming back and going."""

import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.accounts import queries
from app.accounts.models import Tenant, User
from app.accounts.service import links, pairs, sessions, tokens
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.facts import emit
from app.core.permissions import ALL, ROLES, can, confirm, require

EDITABLE = ("name", "role", "permissions", "max_tickets")
MOST_TICKETS = 1000


def update(user_id: uuid.UUID, changes: dict[str, Any]) -> User:
    """Only the given ones of `name`, `role`, `permissions`, `max_tickets`, `is_active`."""
    require("users.manage")
    with transaction() as session:
        _one_at_a_time()
        user = session.get(User, user_id, with_for_update=True, populate_existing=True) or queries.get_user(user_id)
        check_reach(user)
        wanted = _clean({name: changes[name] for name in EDITABLE if name in changes})
        changed = {name: [getattr(user, name), value] for name, value in wanted.items() if getattr(user, name) != value}
        _check_change(user, changed)
        for name, (_before, value) in changed.items():
            setattr(user, name, value)
        if changed:
            audit("user.update", "user", user.id, changed)
            emit("user.changed", user_id=user.id)
            sessions.ring()
        if "is_active" in changes and bool(changes["is_active"]) != user.is_active:
            activate(user_id) if changes["is_active"] else deactivate(user_id)
    return user


def _clean(changes: dict[str, Any]) -> dict[str, Any]:
    if "name" in changes:
        changes["name"] = changes["name"].strip()
        if not 1 <= len(changes["name"]) <= 120:
            raise Invalid.field("name", _("Digite um nome de até 120 letras."))
    if changes.get("max_tickets") is not None and not 0 <= changes["max_tickets"] <= MOST_TICKETS:
        raise Invalid.field("max_tickets", _("Use um número de 0 a %(most)s.", most=MOST_TICKETS))
    if "permissions" in changes:
        changes["permissions"] = sorted(set(changes["permissions"]))
    return changes


def _check_change(user: User, changed: dict[str, Any]) -> None:
    if not {"role", "permissions"} & set(changed):
        return
    if user.id == current_actor().user_id:
        raise Forbidden(_("Ninguém muda o próprio perfil de acesso; peça a outro administrador."))
    role = changed.get("role", [None, user.role])[1]
    check_grant(role, changed.get("permissions", [None, user.permissions])[1])
    if user.role == "admin" and role != "admin":
        _check_last_admin(user)


def check_grant(role: str, permissions: list[str]) -> None:
    """Nobody gives away what they don't have themselves; where the company asks for it, not without a fresh code."""
    confirm("roles")
    if role not in ROLES:
        raise Invalid.field("role", _("Perfil desconhecido: %(role)s", role=role))
    unknown = [name for name in permissions if name not in ALL]
    if unknown:
        raise Invalid.field("permissions", _("Permissões desconhecidas: %(names)s", names=", ".join(unknown)))
    actor = current_actor()
    beyond = [name for name in sorted(ROLES[role] | set(permissions)) if not can(actor, name)]
    if beyond:
        raise Forbidden(_("Você não pode dar permissões que não tem: %(names)s", names=", ".join(beyond)))


def check_reach(user: User) -> None:
    """Somebody with more rights than the actor is out of the actor's reach."""
    actor = current_actor()
    if not all(can(actor, name) for name in ROLES[user.role] | set(user.permissions)):
        raise Forbidden(_("Esta pessoa tem permissões que você não tem; peça a um administrador."))


def deactivate(user_id: uuid.UUID) -> None:
    """Sessions, JWTs, tokens, links and sockets end with it."""
    actor = require("users.manage")
    if user_id == actor.user_id:
        raise Conflict(_("Ninguém desativa a própria conta; peça a outro administrador."))
    with transaction() as session:
        _one_at_a_time()
        user = session.get(User, user_id, with_for_update=True, populate_existing=True) or queries.get_user(user_id)
        check_reach(user)
        if not user.is_active:
            return
        if user.role == "admin":
            _check_last_admin(user)
        user.is_active = False
        sessions.sign_out_everywhere(user_id)
        pairs.revoke_all(user_id)
        tokens.revoke_all(user_id)
        links.end(user_id)
        audit("user.deactivate", "user", user_id, {"email": user.email})
        emit("user.deactivated", user_id=user_id)


def activate(user_id: uuid.UUID) -> None:
    """The password of before works again; tokens and sessions stay ended."""
    require("users.manage")
    with transaction():
        user = queries.get_user(user_id)
        check_reach(user)
        check_room()
        if not user.is_active:
            user.is_active = True
            audit("user.activate", "user", user_id, {"email": user.email})
            emit("user.changed", user_id=user_id)


def _one_at_a_time() -> None:
    """Two admins that demote each other at once would leave none."""
    with transaction() as session:
        session.get(Tenant, current_actor().tenant_id, with_for_update=True, populate_existing=True)


def _check_last_admin(user: User) -> None:
    with transaction() as session:
        others = select(func.count()).where(
            User.role == "admin", User.is_active, User.id != user.id, User.password_hash.is_not(None)
        )
        if not session.scalar(others):
            raise Conflict(_("É o último administrador; dê este perfil a outra pessoa antes."))


def check_room() -> None:
    """The operator may have set how many people a company has."""
    with transaction() as session:
        limit = queries.get_tenant(current_actor().tenant_id).limit("users")
        if limit is not None and (session.scalar(select(func.count()).where(User.is_active)) or 0) >= limit:
            raise Conflict(_("A empresa já tem as %(limit)s pessoas do seu plano.", limit=limit))
