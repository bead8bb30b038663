"""Reads about people. What starts without a tenant goes through the definer functions."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_login import UserMixin
from sqlalchemy import func, or_, select, text
from sqlalchemy.engine import Row

from app.accounts.models import ApiToken, Identity, Tenant, User, UserSession
from app.accounts.queries.invited import Invited, states_of
from app.core import clock
from app.core.context import Actor, acting, current_actor, system
from app.core.db import read_session, transaction
from app.core.errors import NotFound
from app.core.paging import Page, clamp, decode_cursor, encode_cursor

CONFIRMED_FOR = timedelta(minutes=10)

_PERSON = """
    SELECT u.id, u.tenant_id, u.name, u.email, u.role, u.permissions, u.locale, u.theme, u.avatar,
           t.name AS tenant_name, t.timezone, u.totp_secret IS NOT NULL AS has_totp,
           coalesce(t.settings -> 'security', '{}') AS security
    FROM users u JOIN tenants t ON t.id = u.tenant_id
    WHERE u.id = :user_id AND u.is_active AND t.is_active
"""
_FAMILY_LIVES = """
    AND EXISTS (SELECT FROM refresh_tokens r WHERE r.family_id = :family_id AND r.user_id = u.id
                AND r.revoked_at IS NULL AND r.expires_at > now())
"""


@dataclass(frozen=True)
class Person(UserMixin):
    """A person as a request needs them, and Flask-Login's `current_user`."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    name: str
    email: str
    role: str
    permissions: frozenset[str]
    locale: str
    theme: str
    avatar: str | None
    tenant_name: str
    timezone: str
    has_totp: bool = False
    security: dict[str, Any] = field(default_factory=dict, compare=False)  # what the company asks of everybody
    session_token: str = ""

    @property
    def lacks_second_factor(self) -> bool:
        """The company asks this role for one, and there is none yet."""
        return not self.has_totp and self.role in self.security.get("required_roles", ())

    def unconfirmed(self, confirmed_at: datetime | None) -> frozenset[str]:
        """Actions that need a second factor given within the last minutes."""
        if confirmed_at is not None and clock.now() - confirmed_at < CONFIRMED_FOR:
            return frozenset()
        return frozenset(self.security.get("confirm", ()))

    def get_id(self) -> str:
        """The cookie carries the session's random token, never the person's id."""
        return self.session_token

    def actor(self, source: str, **more: Any) -> Actor:
        return Actor(
            tenant_id=self.tenant_id,
            user_id=self.id,
            role=self.role,
            permissions=self.permissions,
            locale=self.locale,
            name=self.name,
            source=source,
            **more,
        )


def find_person(tenant_id: uuid.UUID, user_id: uuid.UUID, family_id: uuid.UUID | None = None) -> Person | None:
    """None when the person or the company is inactive, or the token family was revoked."""
    sql = _PERSON + (_FAMILY_LIVES if family_id else "")
    with acting(system(tenant_id)), transaction() as session:
        row = session.execute(text(sql), {"user_id": user_id, "family_id": family_id}).one_or_none()
    if row is None:
        return None
    return Person(**{**row._mapping, "permissions": frozenset(row.permissions)})


def find_sign_in(email: str) -> Row[Any] | None:
    return _without_tenant("SELECT * FROM find_sign_in(:wanted)", email)


def find_session(token_hash: bytes) -> Row[Any] | None:
    return _without_tenant("SELECT * FROM find_session(:wanted)", token_hash)


def find_identity(provider: str, subject: str) -> Row[Any] | None:
    with transaction() as session:
        sql = text("SELECT * FROM find_identity(:provider, :subject)")
        return session.execute(sql, {"provider": provider, "subject": subject}).one_or_none()


def find_one_time_link(token_hash: bytes) -> Row[Any] | None:
    return _without_tenant("SELECT * FROM find_one_time_link(:wanted)", token_hash)


def find_api_token(token_hash: bytes) -> Row[Any] | None:
    return _without_tenant("SELECT * FROM find_api_token(:wanted)", token_hash)


def find_refresh_token(token_hash: bytes) -> Row[Any] | None:
    return _without_tenant("SELECT * FROM find_refresh_token(:wanted)", token_hash)


def _without_tenant(sql: str, wanted: str | bytes) -> Row[Any] | None:
    with transaction() as session:
        return session.execute(text(sql), {"wanted": wanted}).one_or_none()


def list_tenants() -> list[uuid.UUID]:
    with transaction() as session:
        return list(session.scalars(text("SELECT active_tenants()")))


@dataclass(frozen=True)
class TenantLine:
    id: uuid.UUID
    name: str
    is_active: bool
    suspended_reason: str | None
    created_at: datetime


def list_all_tenants() -> list[TenantLine]:
    """For the operator: suspended ones too."""
    with transaction() as session:
        return [TenantLine(**row._mapping) for row in session.execute(text("SELECT * FROM all_tenants()"))]


def get_tenant(tenant_id: uuid.UUID) -> Tenant:
    tenant = read_session().get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound
    return tenant


def find_own_tenant() -> Tenant | None:
    """The acting company's row, asked for once a transaction: a session alone forgets what nobody holds."""
    session = read_session()
    session.info["own_tenant"] = tenant = session.get(Tenant, current_actor().tenant_id)
    return tenant


def get_user(user_id: uuid.UUID) -> User:
    user = read_session().get(User, user_id)
    if user is None:
        raise NotFound
    return user


def list_users() -> Sequence[User]:
    return read_session().scalars(select(User).order_by(User.name)).all()


@dataclass(frozen=True)
class Member:
    """`invited`: has not chosen a password yet, and what became of the invitation."""

    user: User
    invited: Invited | None


def list_team() -> list[Member]:
    """Active ones first, by name."""
    people = read_session().scalars(select(User).order_by(User.is_active.desc(), User.name)).all()
    invited = states_of([user.id for user in people if user.password_hash is None])
    return [Member(user, invited.get(user.id)) for user in people]


def page_of_users(
    page: int = 1,
    limit: int = 50,
    cursor: str | None = None,
    search: str = "",
    role: str | None = None,
    is_active: bool | None = None,
) -> Page[dict[str, Any]]:
    """By name. A company has few people: pages are numbered, and the cursor is the next number."""
    page, limit = clamp(_number_in(cursor) or page, limit)
    wanted = select(User)
    if words := search.strip():
        named = User.name.icontains(words, autoescape=True)
        wanted = wanted.where(or_(named, User.email.icontains(words, autoescape=True)))
    if role is not None:
        wanted = wanted.where(User.role == role)
    if is_active is not None:
        wanted = wanted.where(User.is_active == is_active)
    session = read_session()
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(wanted.order_by(User.name, User.id).limit(limit).offset((page - 1) * limit)).all()
    following = encode_cursor(page + 1) if page * limit < total else None
    return Page([fields_of_user(row) for row in rows], total, page, limit, following)


def _number_in(cursor: str | None) -> int | None:
    parts = decode_cursor(cursor, 1)
    found = str(parts[0] or "") if parts else ""
    return min(max(int(found), 1), 1_000_000) if found.isdecimal() and len(found) < 20 else None


def fields_of_user(user: User) -> dict[str, Any]:
    """What the API tells of a person."""
    names = ("id", "email", "name", "role", "permissions", "max_tickets", "locale", "is_active", "last_login_at")
    shown = {name: getattr(user, name) for name in names}
    secrets = {"is_invited": user.password_hash is None, "has_second_factor": user.totp_secret is not None}
    return {**shown, **secrets, "created_at": user.created_at}


def count_active_users() -> int:
    return read_session().scalar(select(func.count()).select_from(User).where(User.is_active)) or 0


def list_own_identities() -> dict[str, Identity]:
    """By provider."""
    wanted = select(Identity).where(Identity.user_id == current_actor().user_id)
    return {row.provider: row for row in read_session().scalars(wanted)}


def list_api_tokens() -> Sequence[ApiToken]:
    """Newest first; the revoked ones are gone from the list."""
    wanted = select(ApiToken).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.id.desc())
    return read_session().scalars(wanted).all()


def page_of_tokens(page: int = 1, limit: int = 50, cursor: str | None = None) -> Page[ApiToken]:
    """Those that the page lists, in numbered pages; the cursor is the next number."""
    page, limit = clamp(_number_in(cursor) or page, limit)
    found = list_api_tokens()
    following = encode_cursor(page + 1) if page * limit < len(found) else None
    return Page(list(found[(page - 1) * limit : page * limit]), len(found), page, limit, following)


def list_own_sessions() -> Sequence[UserSession]:
    """The open ones, last used first."""
    open_ones = (UserSession.user_id == current_actor().user_id, UserSession.revoked_at.is_(None))
    wanted = select(UserSession).where(*open_ones, UserSession.expires_at > clock.now())
    return read_session().scalars(wanted.order_by(UserSession.last_seen_at.desc()).limit(50)).all()
