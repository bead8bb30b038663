"""API tokens: named, scoped, expiring; the secret is shown once and kept as a hash."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import update

from app.accounts import queries
from app.accounts.models import ApiToken
from app.accounts.queries import Person
from app.accounts.rules import SEEN_EVERY_SECONDS, TOKEN_PREFIX
from app.core import clock
from app.core.audit import audit
from app.core.context import Actor, acting, system
from app.core.crypto import new_token, token_hash
from app.core.db import transaction
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.facts import emit
from app.core.permissions import ALL, can, confirm, require

MOST_DAYS = 3650


@dataclass(frozen=True)
class NewToken:
    row: ApiToken
    secret: str  # never to be had again


def create_token(name: str, *, scopes: list[str] | None = None, expires_in_days: int | None = None) -> NewToken:
    """It acts as its maker, within `scopes` (None = all that the maker may do)."""
    actor = require("tokens.manage")
    confirm("tokens")
    if actor.token_id is not None:  # one that leaked would outlive its own end
        raise Forbidden(_("Um token não cria outro; entre com e-mail e senha."))
    _check(actor, name, scopes, expires_in_days)
    secret = new_token(TOKEN_PREFIX)
    expires_at = clock.now() + timedelta(days=expires_in_days) if expires_in_days else None
    row = ApiToken(
        user_id=actor.user_id,
        name=name.strip(),
        token_hash=token_hash(secret),
        prefix=secret[:12],
        scopes=sorted(set(scopes)) if scopes is not None else None,
        expires_at=expires_at,
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        audit("token.create", "api_token", row.id, {"name": row.name, "scopes": row.scopes})
        emit("token.created", token_id=row.id)
    return NewToken(row, secret)


def _check(actor: Actor, name: str, scopes: list[str] | None, days: int | None) -> None:
    if not name.strip() or len(name) > 100:
        raise Invalid.field("name", _("Dê um nome de até 100 letras ao token."))
    if actor.user_id is None:
        raise Invalid.field("name", _("Um token pertence a uma pessoa."))
    unknown = [scope for scope in scopes or [] if scope not in ALL or not can(actor, scope)]
    if unknown:
        raise Invalid.field("scopes", _("Permissões que você não tem: %(names)s", names=", ".join(unknown)))
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid.field("expires_in_days", _("A validade vai de 1 a %(most)s dias.", most=MOST_DAYS))


def revoke_token(token_id: uuid.UUID) -> None:
    require("tokens.manage")
    with transaction() as session:
        alive = update(ApiToken).where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        if not session.execute(alive.values(revoked_at=clock.now())).rowcount:
            raise NotFound
        audit("token.revoke", "api_token", token_id)
        emit("token.revoked", token_id=token_id)


def revoke_all(user_id: uuid.UUID) -> None:
    with transaction() as session:
        alive = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        session.execute(alive.values(revoked_at=clock.now()).execution_options(synchronize_session=False))


@dataclass(frozen=True)
class LiveToken:
    id: uuid.UUID
    person: Person
    scopes: frozenset[str] | None


def find_live_token(secret: str) -> LiveToken | None:
    """Whose token this is; notes its use at most once a minute."""
    row = queries.find_api_token(token_hash(secret))
    person = queries.find_person(row.tenant_id, row.user_id) if row else None
    if row is None or person is None:
        return None
    if row.last_used_at is None or clock.now() - row.last_used_at > timedelta(seconds=SEEN_EVERY_SECONDS):
        _touch(person, row.token_id, row.last_used_at)
    return LiveToken(row.token_id, person, frozenset(row.scopes) if row.scopes is not None else None)


def _touch(person: Person, token_id: uuid.UUID, used: datetime | None) -> None:
    same = ApiToken.last_used_at.is_(None) if used is None else ApiToken.last_used_at == used
    with acting(system(person.tenant_id)), transaction() as session:
        session.execute(update(ApiToken).where(ApiToken.id == token_id, same).values(last_used_at=clock.now()))
