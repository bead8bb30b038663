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
from app.accounts.service import devices, letters, mail
from app.core import background, clock, mailing, throttle
from app.core.audit import audit
from app.core.context import acting, current_actor, system
from app.core.crypto import new_token, token_hash
from app.core.db import after_commit, transaction
from app.core.errors import NotFound, TooMany, Unauthorized
from app.core.facts import emit
from app.core.hashing import check_password

NO_TENANT = uuid.UUID(int=0)  # tries with an unknown address are kept for the operator, in no company
FROM_EVERYWHERE = "30 per hour"  # wrong passwords for one account before its owner is told
BELL = "sessions:ended"


class TooManyTries(TooMany):
    def __init__(self, retry_after: int):
        super().__init__(_("Muitas tentativas de entrar. Espere alguns minutos e tente de novo."))
        self.retry_after = retry_after


@dataclass(frozen=True)
class Client:
    """Where a try comes from."""

    ip: str | None
    user_agent: str | None
    device: str | None = None  # the browser's long-lived cookie


class Suspended(Unauthorized):
    """Told only to who knows the password."""

    code = "tenant_suspended"

    def __init__(self, reason: str | None):
        why = _(" Motivo: %(reason)s", reason=reason) if reason else ""
        super().__init__(_("A conta da sua empresa está suspensa.") + why)


def check_credentials(email: str, password: str, client: Client, rate: str) -> Person:
    """Raises Unauthorized (the same for every reason), Suspended or TooManyTries.

    Tries are counted per account and address, and per address. A stranger can therefore not lock anybody out: a browser
    the person has signed in from before is counted by itself, and tries from everywhere only bring a letter.
    """
    email = normal_email(email)
    row = queries.find_sign_in(email)
    tenant_id, user_id = (row.tenant_id, row.user_id) if row else (NO_TENANT, NO_TENANT)
    counters = _counters(email, client, is_known=devices.is_known(tenant_id, user_id, client.device))
    wait = max(throttle.hit(key, rate) for key in counters)
    if wait:
        raise TooManyTries(wait)
    right = check_password(password, row.password_hash if row else None)
    if not (row and right and row.is_active):
        _note_failure(tenant_id, row.user_id if row else None, email, client)
        raise Unauthorized(_("E-mail ou senha não conferem."))
    throttle.clear(counters[0])
    for key in counters[1:]:
        throttle.refund(key)
    person = queries.find_person(row.tenant_id, row.user_id)
    if person is None:
        raise Suspended(row.suspended_reason)
    return person


def _counters(email: str, client: Client, *, is_known: bool) -> list[str]:
    if is_known:
        return [f"login:device:{email}:{devices.fingerprint(NO_TENANT, client.device or '').hex()}"]
    return [f"login:account:{email}:{client.ip}", f"login:ip:{client.ip}"]


def _note_failure(tenant_id: uuid.UUID, user_id: uuid.UUID | None, email: str, client: Client) -> None:
    """One row whoever the address belongs to, so that the answer takes the same time."""
    actor = replace(system(tenant_id), ip=client.ip, user_agent=client.user_agent, source="web")
    with acting(actor):
        audit("auth.failed", "user", user_id, {"email": mailing.one_line(email, 254)})
    if throttle.hit(f"login:everywhere:{email}", FROM_EVERYWHERE) and not throttle.hit(
        f"login:told:{email}", "1 per day"
    ):
        with acting(system(NO_TENANT)):
            mail.ask("many_tries", email=email[:254])


def open_session(person: Person, client: Client, *, confirmed: bool = False) -> Person:
    """A new session row; the person that comes back carries its token. `confirmed`: by a second factor, just now."""
    token = new_token()
    row = UserSession(
        user_id=person.id,
        token_hash=token_hash(token),
        user_agent=(client.user_agent or "")[:300] or None,
        ip=client.ip,
        expires_at=clock.now() + timedelta(days=SESSION_DAYS),
        confirmed_at=clock.now() if confirmed else None,
    )
    with acting(person.actor("web", ip=client.ip, user_agent=client.user_agent)), transaction() as session:
        session.add(row)
        note_sign_in(person, client)
    return replace(person, session_token=token)


def note_sign_in(person: Person, client: Client) -> None:
    """Inside the transaction that signs somebody in; a device never seen before brings a letter."""
    with transaction() as session:
        session.execute(update(User).where(User.id == person.id).values(last_login_at=clock.now()))
        audit("auth.sign_in", "user", person.id)
        emit("user.signed_in", user_id=person.id)
        if devices.note(person.id, client.device or f"{client.user_agent}|{client.ip}"):
            mail.post_to(queries.get_user(person.id), lambda: letters.new_device(client.ip, client.user_agent))


@dataclass(frozen=True)
class LiveSession:
    id: uuid.UUID
    person: Person
    confirmed_at: datetime | None


def find_live_session(token: str, *, is_activity: bool = True) -> LiveSession | None:
    """Who holds this token now. Activity moves `last_seen_at`, at most once a minute; a page's own polling is none."""
    row = queries.find_session(token_hash(token))
    person = queries.find_person(row.tenant_id, row.user_id) if row else None
    if row is None or person is None or _is_idle(person, row.last_seen_at):
        return None
    if is_activity and clock.now() - row.last_seen_at > timedelta(seconds=SEEN_EVERY_SECONDS):
        _touch(person, row.session_id, row.last_seen_at)
    return LiveSession(row.session_id, replace(person, session_token=token), row.confirmed_at)


def _is_idle(person: Person, seen: datetime) -> bool:
    minutes = person.security.get("idle_minutes") or 0
    return bool(minutes) and clock.now() - seen > timedelta(minutes=minutes, seconds=SEEN_EVERY_SECONDS)


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
            ring()


def sign_out_everywhere(user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """Every session of the person, bar the one that asks."""
    with transaction():
        _revoke(UserSession.user_id == user_id, UserSession.id != (but or NO_TENANT))
        ring()


def end_own(session_id: uuid.UUID) -> None:
    """One of one's own; raises NotFound for any other."""
    actor = current_actor()
    with transaction():
        if not _revoke(UserSession.id == session_id, UserSession.user_id == actor.user_id):
            raise NotFound
        audit("auth.sign_out", "session", session_id)
        ring()


def end_others() -> None:
    """All of one's own but this one; programs' tokens of both kinds stay, sign-ins of programs end."""
    actor = current_actor()
    if actor.user_id is None:
        raise Unauthorized
    with transaction():
        sign_out_everywhere(actor.user_id, but=actor.session_id)
        audit("auth.sign_out_others", "user", actor.user_id)


def ring() -> None:
    """After the commit, web processes look at their sockets again at once."""
    after_commit(lambda: background.redis().incr(BELL))


def _revoke(*conditions: object) -> int:
    with transaction() as session:
        open_ones = update(UserSession).where(*conditions, UserSession.revoked_at.is_(None))  # type: ignore[arg-type]
        values = open_ones.values(revoked_at=clock.now()).execution_options(synchronize_session=False)
        return session.execute(values).rowcount
