"""A forgotten password: asked for by anybody, answered only to the address itself."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from app.accounts import queries
from app.accounts.models import User
from app.accounts.rules import RESET_MINUTES, normal_email
from app.accounts.service import letters, links, mail, passwords, people
from app.accounts.service.sessions import NO_TENANT, Client, TooManyTries
from app.core import clock, throttle
from app.core.audit import audit
from app.core.context import Actor, acting, system
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.hashing import hash_password

PER_ADDRESS = "10 per 15 minutes"
PER_ACCOUNT = "3 per hour"


def ask(email: str, client: Client) -> None:
    """Says and does the same for every address; whether there is an account, a worker finds out."""
    email = normal_email(email)
    wait = throttle.hit(f"forgot:ip:{client.ip}", PER_ADDRESS)
    if wait:
        raise TooManyTries(wait)
    if throttle.hit(f"forgot:account:{email}", PER_ACCOUNT):
        return  # the letters of before still work
    with acting(system(NO_TENANT)), transaction():
        mail.ask("forgot", email=email[:254], ip=client.ip, user_agent=client.user_agent)


def answer(question: dict[str, Any]) -> None:
    """In a worker: the letter, where there is somebody to write to."""
    row = queries.find_sign_in(question["email"])
    if row is None or not row.is_active or not row.tenant_active:
        return
    who = Actor(row.tenant_id, row.user_id, source="web", ip=question["ip"], user_agent=question["user_agent"])
    with acting(who), transaction():
        secret = links.make(row.user_id, "reset", timedelta(minutes=RESET_MINUTES))
        audit("auth.forgot", "user", row.user_id)
        mail.post_to(queries.get_user(row.user_id), lambda: letters.reset(secret))


def reset(secret: str, password: str, client: Client) -> None:
    """Raises NotFound for a link that is gone, Invalid for a weak password; nobody is signed in by it."""
    link = links.get(secret, "reset")
    problems = passwords.problems(password, link.email, link.name, link.tenant_name)
    if problems:
        raise Invalid(errors=problems)
    who = Actor(link.tenant_id, link.user_id, source="web", ip=client.ip, user_agent=client.user_agent)
    hashed = hash_password(password)  # slow on purpose: before the transaction
    with acting(who), transaction() as session:
        links.use(link.link_id)
        links.end(link.user_id)
        verified = update(User).where(User.id == link.user_id, User.email_verified_at.is_(None))
        session.execute(verified.values(email_verified_at=clock.now()))
        people.store_password(link.user_id, hashed, keep=None)
