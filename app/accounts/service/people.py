"""People: made by admins and the operator; their own settings by themselves."""

import uuid
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from app.accounts import queries
from app.accounts.models import User
from app.accounts.rules import LEAST_PASSWORD, LOCALES, THEMES, is_email, normal_email, password_problem
from app.accounts.service import pairs, sessions
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid, Unauthorized
from app.core.facts import emit
from app.core.hashing import check_password, hash_password
from app.core.permissions import ROLES, require

_PASSWORD_PROBLEMS = {
    "short": _l("A senha precisa de pelo menos %(least)s letras.", least=LEAST_PASSWORD),
    "long": _l("A senha é comprida demais (até 72 letras)."),
    "same_as_email": _l("A senha não pode ser o próprio e-mail."),
}


def create_user(email: str, name: str, role: str, password: str) -> User:
    require("users.manage")
    email = normal_email(email)
    problems = _password_problems(password, email)
    if not is_email(email):
        problems.append(FieldError("email", _("O e-mail não parece certo.")))
    if role not in ROLES:
        problems.append(FieldError("role", _("Perfil desconhecido: %(role)s", role=role)))
    if problems:
        raise Invalid(errors=problems)
    user = User(email=email, name=name.strip() or email, role=role, password_hash=hash_password(password))
    try:
        with transaction() as session:
            session.add(user)
            session.flush()
            audit("user.create", "user", user.id, {"email": email, "role": role})
            emit("user.created", user_id=user.id)
    except IntegrityError as error:
        raise Conflict(_("Já existe uma pessoa com este e-mail.")) from error
    return user


def _password_problems(password: str, email: str, field: str = "password") -> list[FieldError]:
    problem = password_problem(password, email)
    return [FieldError(field, str(_PASSWORD_PROBLEMS[problem]))] if problem else []


def change_own_password(current: str, new: str) -> None:
    """Every other session and every JWT of the person ends."""
    actor = current_actor()
    user = _self()
    if not check_password(current, user.password_hash):
        raise Invalid.field("current", _("A senha atual não confere."))
    problems = _password_problems(new, user.email, "new")
    if problems:
        raise Invalid(errors=problems)
    _store_password(user.id, new, keep=actor.session_id)


def reset_password(user_id: uuid.UUID, new: str) -> None:
    """By an admin or the operator."""
    require("users.manage")
    problems = _password_problems(new, queries.get_user(user_id).email)
    if problems:
        raise Invalid(errors=problems)
    _store_password(user_id, new, keep=None)


def _store_password(user_id: uuid.UUID, new: str, *, keep: uuid.UUID | None) -> None:
    hashed = hash_password(new)
    with transaction():
        queries.get_user(user_id).password_hash = hashed
        sessions.sign_out_everywhere(user_id, but=keep)
        pairs.revoke_all(user_id)
        audit("user.password", "user", user_id)
        emit("user.changed", user_id=user_id)


def update_own_settings(**changes: str) -> None:
    """`name`, `locale`, `theme`; what is not given stays."""
    allowed: dict[str, tuple[str, ...] | None] = {"name": None, "locale": LOCALES, "theme": THEMES}
    for field, value in changes.items():
        choices = allowed[field]
        if not value.strip() or len(value) > 120 or (choices and value not in choices):
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
            setattr(user, field, value.strip())
        audit("user.settings", "user", user.id, changed)
        emit("user.changed", user_id=user.id)


def _self() -> User:
    user_id = current_actor().user_id
    if user_id is None:
        raise Unauthorized
    return queries.get_user(user_id)
