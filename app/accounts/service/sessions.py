"""Signing in and out, and who a browser's cookie belongs to."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import update

from app.accounts import queries
from app.accounts.models import User, UserSession
from app.accounts.queries import Person
from app.accounts.rules import SEEN_EVERY_SECONDS, SESSION_DAYS, normal_email
from app.core import clock, throttle
from app.core.audit import audit
from app.core.context import acting, current_actor, system
from app.core.crypto import new_token, token_hash
from app.core.db import transaction
from app.core.errors import TooMany, Unauthorized
from app.core.facts import emit
from app.core.hashing import check_password

NO_TENANT = uuid.UUID(int=0)  # tries with an unknown address are kept for the operator, in no company


class TooManyTries(TooMany):
    def __init__(self, retry_after: int):
        super().__init__(_("Muitas tentativas de entrar. Espere alguns minutos e tente de novo."))
        self.retry_after = retry_after


@dataclass(frozen=True)
class Client:
    """Where a try comes from."""

    ip: str | None
    user_agent: str | None


def check_credentials(email: str, password: str, client: Client, rate: str) -> Person:
    """Raises Unauthorized (the same for every reason) or TooManyTries."""
    email = normal_email(email)
    keys = [f"login:account:{email}", f"login:ip:{client.ip}"]
    wait = max(throttle.hit(key, rate) for key in keys)
    if wait:
        raise TooManyTries(wait)
    row = queries.find_sign_in(email)
    right = check_password(password, row.password_hash if row else None)
    person = queries.find_person(row.tenant_id, row.user_id) if row and right and row.is_active else None
    if person is None:
        _note_failure(row.tenant_id if row else NO_TENANT, row.user_id if row else None, email, client)
        raise Unauthorized(_("E-mail ou senha não conferem."))
    throttle.clear(keys[0])
    throttle.refund(keys[1])
    return person


def _note_failure(tenant_id: uuid.UUID, user_id: uuid.UUID | None, email: str, client: Client) -> None:
    """One row whoever the address belongs to, so that the answer takes the same time."""
    actor = replace(system(tenant_id), ip=client.ip, user_agent=client.user_agent, source="web")
    with acting(actor):
        audit("auth.failed", "user", user_id, {"email": email[:254]})


def open_session(person: Person, client: Client) -> Person:
    """A new session row; the person that comes back carries its token."""
    token = new_token()
    row = UserSession(
        user_id=person.id,
        token_hash=token_hash(token),
        user_agent=(client.user_agent or "")[:300] or None,
        ip=client.ip,
        expires_at=clock.now() + timedelta(days=SESSION_DAYS),
    )
    with acting(person.actor("web", ip=client.ip, user_agent=client.user_agent)), transaction() as session:
        session.add(row)
        note_sign_in(person)
    return replace(person, session_token=token)


def note_sign_in(person: Person) -> None:
    """Inside the transaction that signs somebody in."""
    with transaction() as session:
        session.execute(update(User).where(User.id == person.id).values(last_login_at=clock.now()))
        audit("auth.sign_in", "user", person.id)
        emit("user.signed_in", user_id=person.id)


@dataclass(frozen=True)
class LiveSession:
    id: uuid.UUID
    person: Person


def find_live_session(token: str) -> LiveSession | None:
    """Who holds this token now; touches `last_seen_at` at most once a minute."""
    row = queries.find_session(token_hash(token))
    person = queries.find_person(row.tenant_id, row.user_id) if row else None
    if row is None or person is None:
        return None
    if clock.now() - row.last_seen_at > timedelta(seconds=SEEN_EVERY_SECONDS):
        _touch(person, row.session_id, row.last_seen_at)
    return LiveSession(row.session_id, replace(person, session_token=token))


def _touch(person: Person, session_id: uuid.UUID, seen: datetime) -> None:
    with acting(system(person.tenant_id)), transaction() as session:
        session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.last_seen_at == seen)
            .values(last_seen_at=clock.now())
        )


def sign_out() -> None:
    """End the session the actor came with."""
    actor = current_actor()
    if actor.session_id is not None:
        with transaction():
            _revoke(UserSession.id == actor.session_id)
            audit("auth.sign_out", "user", actor.user_id)


def sign_out_everywhere(user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """Every session of the person, bar the one that asks."""
    with transaction():
        _revoke(UserSession.user_id == user_id, UserSession.id != (but or NO_TENANT))


def _revoke(*conditions: object) -> None:
    with transaction() as session:
        open_ones = update(UserSession).where(*conditions, UserSession.revoked_at.is_(None))  # type: ignore[arg-type]
        session.execute(open_ones.values(revoked_at=clock.now()).execution_options(synchronize_session=False))
