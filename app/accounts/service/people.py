"""People: made by admins and the operator; their own settings by themselves."""

import uuid
from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.accounts import queries
from app.accounts.models import User
from app.accounts.rules import LOCALES, THEMES, is_email, normal_email
from app.accounts.service import letters, links, mail, pairs, passwords, sessions, team
from app.core import throttle
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid, Unauthorized
from app.core.facts import emit
from app.core.hashing import check_password, hash_password
from app.core.permissions import ROLES, require


def create_user(email: str, name: str, role: str, password: str) -> User:
    """A person who can sign in at once. The operator's passwords are judged by their form only."""
    actor = require("users.manage")
    email = normal_email(email)
    strict = actor.role != "system"
    problems = passwords.problems(password, email, name, strict=strict)
    if problems:
        raise Invalid(errors=problems + _identity_problems(email, role))
    team.check_grant(role, [])
    with transaction():
        user = add_person(email, name, role, [], hash_password(password))
        audit("user.create", "user", user.id, {"email": email, "role": role})
        emit("user.created", user_id=user.id)
    return user


def add_person(email: str, name: str, role: str, permissions: list[str], password_hash: str | None = None) -> User:
    """The row alone, for the verbs that say why. Raises Invalid or Conflict."""
    problems = _identity_problems(email, role)
    if problems:
        raise Invalid(errors=problems)
    team.check_room()
    locale = queries.get_tenant(current_actor().tenant_id).locale
    user = User(email=email, name=name.strip()[:120] or email, role=role, locale=locale, permissions=permissions)
    user.password_hash = password_hash
    try:
        with transaction() as session:
            session.add(user)
            session.flush()
    except IntegrityError as error:
        raise Conflict(_("Já existe uma pessoa com este e-mail.")) from error
    return user


def _identity_problems(email: str, role: str) -> list[FieldError]:
    problems = []
    if not is_email(email):
        problems.append(FieldError("email", _("O e-mail não parece certo.")))
    if role not in ROLES:
        problems.append(FieldError("role", _("Perfil desconhecido: %(role)s", role=role)))
    return problems


def name_problems(name: str) -> list[FieldError]:
    fits = 1 <= len(name.strip()) <= 120
    return [] if fits else [FieldError("name", _("Digite um nome de até 120 letras."))]


def change_own_password(current: str, new: str) -> None:
    """Every other session and every JWT of the person ends."""
    actor = current_actor()
    user = _self()
    wait = throttle.hit(f"password:{user.id}", "10 per 15 minutes")
    if wait:
        raise sessions.TooManyTries(wait)
    if not check_password(current, user.password_hash):
        raise Invalid.field("current", _("A senha atual não confere."))
    problems = passwords.problems(new, user.email, user.name, field="new")
    if problems:
        raise Invalid(errors=problems)
    store_password(user.id, hash_password(new), keep=actor.session_id)


def reset_password(user_id: uuid.UUID, new: str) -> None:
    """By the operator."""
    require("users.manage")
    problems = passwords.problems(new, queries.get_user(user_id).email, strict=False)
    if problems:
        raise Invalid(errors=problems)
    store_password(user_id, hash_password(new), keep=None)


def store_password(user_id: uuid.UUID, hashed: str, *, keep: uuid.UUID | None, tell: bool = True) -> None:
    """Every session but `keep` ends, every JWT and every open link; `tell`: the person gets a letter."""
    actor = current_actor()
    with transaction():
        user = queries.get_user(user_id)
        user.password_hash = hashed
        sessions.sign_out_everywhere(user_id, but=keep)
        pairs.revoke_all(user_id)
        links.end(user_id, "reset")
        audit("user.password", "user", user_id)
        emit("user.changed", user_id=user_id)
        if tell:
            mail.post_to(user, lambda: letters.password_changed(actor.ip, actor.user_agent))


_OWN: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: 1 <= len(value.strip()) <= 120,
    "locale": lambda value: value in LOCALES,
    "theme": lambda value: value in THEMES,
    "max_tickets": lambda value: value is None or 0 <= value <= 1000,
}


def update_own_settings(**changes: Any) -> None:
    """`name`, `locale`, `theme`, `max_tickets` (None = no limit); what is not given stays."""
    for field, value in changes.items():
        if not _OWN[field](value):
            raise Invalid.field(field, _("Valor inválido."))
    user = _self()
    before = {field: getattr(user, field) for field in changes}
    changed: dict[str, Any] = {
        field: [before[field], value] for field, value in changes.items() if value != before[field]
    }
    if not changed:
        return
    with transaction():
        user = _self()
        for field, (_old, value) in changed.items():
            setattr(user, field, value.strip() if isinstance(value, str) else value)
        audit("user.settings", "user", user.id, changed)
        emit("user.changed", user_id=user.id)


def _self() -> User:
    user_id = current_actor().user_id
    if user_id is None:
        raise Unauthorized
    return queries.get_user(user_id)
