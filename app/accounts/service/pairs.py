"""JWT pairs: a short access token, and a refresh token that is used once.

Refresh tokens of one sign-in are a family. Using one twice means that somebody copied it: the family dies, and with it
every access token it gave out, because access tokens name their family and the family is looked up.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from flask_babel import gettext as _
from sqlalchemy import update

from app.accounts import queries
from app.accounts.models import RefreshToken
from app.accounts.queries import Person
from app.accounts.service.sessions import Client, note_sign_in
from app.config import Config
from app.core import clock, ids
from app.core.audit import audit
from app.core.context import acting, system
from app.core.crypto import new_token, token_hash
from app.core.db import transaction
from app.core.errors import SecondFactorNeeded, Unauthorized

ALGORITHM = "HS256"
ISSUER = "recado"


@dataclass(frozen=True)
class Keys:
    """What signs access tokens, and how long each kind lives."""

    secret: bytes
    access: timedelta
    refresh: timedelta

    @classmethod
    def of(cls, config: Config) -> "Keys":
        """The signing key is derived, so that a signed cookie can never pass for a token."""
        secret = hmac.new(config.secret_key.encode(), b"recado:jwt", hashlib.sha256).digest()
        return cls(secret, timedelta(minutes=config.jwt_access_minutes), timedelta(days=config.jwt_refresh_days))


@dataclass(frozen=True)
class Pair:
    access_token: str
    refresh_token: str
    expires_in: int
    user: Person


def issue(person: Person, client: Client, keys: Keys, *, confirmed: bool = False) -> Pair:
    """The first pair of a new family. `confirmed`: a second factor was given."""
    with acting(person.actor("api", ip=client.ip, user_agent=client.user_agent)), transaction():
        refresh = _add_link(person, ids.new_id(), keys)
        note_sign_in(person, client)
    return _pair(person, refresh, keys, confirmed=confirmed)


def rotate(refresh_token: str, keys: Keys) -> Pair:
    """The next pair of the family; raises Unauthorized, and kills the family, for a link that was used before."""
    row = queries.find_refresh_token(token_hash(refresh_token))
    if row is None or row.revoked_at is not None or row.expires_at <= clock.now():
        raise _refused()
    person = queries.find_person(row.tenant_id, row.user_id)
    if person is None:
        raise _refused()
    if person.lacks_second_factor:
        raise SecondFactorNeeded
    with acting(person.actor("api")):
        with transaction():
            refresh = _add_link(person, row.family_id, keys) if _use(row.token_id) else None
        if refresh is None:
            _kill(row.family_id, "auth.refresh_reused", person.id)
            raise _refused()
    return _pair(person, refresh, keys)


def revoke(person_id: uuid.UUID, family_id: uuid.UUID) -> None:
    """Sign out: the family's tokens of both kinds stop working."""
    _kill(family_id, "auth.sign_out", person_id)


def revoke_by_token(refresh_token: str) -> None:
    """The same, by a refresh token; an unknown one is as good as revoked."""
    row = queries.find_refresh_token(token_hash(refresh_token))
    if row is not None:
        with acting(system(row.tenant_id)):
            _kill(row.family_id, "auth.sign_out", row.user_id)


def revoke_all(user_id: uuid.UUID) -> None:
    with transaction() as session:
        links = update(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.revoked_at.is_(None))
        session.execute(links.values(revoked_at=clock.now()).execution_options(synchronize_session=False))


@dataclass(frozen=True)
class Access:
    person: Person
    family_id: uuid.UUID
    confirmed_at: datetime | None


def find_access(access_token: str, keys: Keys) -> Access | None:
    """Who holds this access token, if it is ours, fresh and its family lives."""
    try:
        claims: dict[str, Any] = jwt.decode(
            access_token,
            keys.secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"require": ["exp", "sub", "tid", "fam"], "verify_iat": False},
        )
        tenant_id, user_id, family_id = (uuid.UUID(claims[name]) for name in ("tid", "sub", "fam"))
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        return None
    person = queries.find_person(tenant_id, user_id, family_id)
    confirmed_at = datetime.fromtimestamp(claims["iat"], UTC) if claims.get("cnf") is True else None
    return Access(person, family_id, confirmed_at) if person else None


@dataclass(frozen=True)
class _Link:
    token: str
    family_id: uuid.UUID


def _add_link(person: Person, family_id: uuid.UUID, keys: Keys) -> _Link:
    token = new_token("rcr_")
    with transaction() as session:
        session.add(
            RefreshToken(
                user_id=person.id,
                family_id=family_id,
                token_hash=token_hash(token),
                expires_at=clock.now() + keys.refresh,
            )
        )
    return _Link(token, family_id)


def _use(token_id: uuid.UUID) -> bool:
    """Whoever changes the row first has it; anybody later is a second use."""
    unused = RefreshToken.used_at.is_(None)
    with transaction() as session:
        link = update(RefreshToken).where(RefreshToken.id == token_id, unused, RefreshToken.revoked_at.is_(None))
        return bool(session.execute(link.values(used_at=clock.now())).rowcount)


def _kill(family_id: uuid.UUID, action: str, user_id: uuid.UUID) -> None:
    with transaction() as session:
        links = update(RefreshToken).where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        session.execute(links.values(revoked_at=clock.now()).execution_options(synchronize_session=False))
        audit(action, "user", user_id)


def _pair(person: Person, link: _Link, keys: Keys, *, confirmed: bool = False) -> Pair:
    at = clock.now()
    claims = {
        "iss": ISSUER,
        "sub": str(person.id),
        "tid": str(person.tenant_id),
        "fam": str(link.family_id),
        "jti": str(ids.new_id()),
        "iat": at,
        "exp": at + keys.access,
        "cnf": confirmed,
    }
    access = jwt.encode(claims, keys.secret, algorithm=ALGORITHM)
    return Pair(access, link.token, int(keys.access.total_seconds()), person)


def _refused() -> Unauthorized:
    return Unauthorized(_("A sessão expirou ou foi encerrada. Entre de novo."))
