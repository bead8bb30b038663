"""Bringing somebody in: a person without a password, and a link that lets them choose it."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _

from app.accounts import queries
from app.accounts.models import User
from app.accounts.rules import INVITE_DAYS, normal_email
from app.accounts.service import letters, links, mail, passwords, people, team
from app.accounts.service.sessions import Client
from app.core import clock, mailing
from app.core.audit import audit
from app.core.context import Actor, acting, current_actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.facts import emit
from app.core.hashing import hash_password
from app.core.permissions import require


@dataclass(frozen=True)
class Invitation:
    """`link` only where no letter can carry it: the one who invites hands it over."""

    user: User
    link: str | None


def invite(email: str, name: str, role: str, permissions: list[str] | None = None) -> Invitation:
    require("users.manage")
    team.check_grant(role, permissions or [])
    with transaction():
        user = people.add_person(normal_email(email), name, role, permissions or [])
        audit("user.invite", "user", user.id, {"email": user.email, "role": role, "permissions": permissions or []})
        emit("user.created", user_id=user.id)
        return _send(user)


def resend(user_id: uuid.UUID) -> Invitation:
    """The links of before stop working."""
    require("users.manage")
    with transaction():
        user = queries.get_user(user_id)
        team.check_reach(user)
        if user.password_hash or not user.is_active:
            raise Conflict(_("Esta pessoa já aceitou o convite ou foi desativada."))
        audit("user.invite", "user", user.id, {"email": user.email})
        return _send(user)


def _send(user: User) -> Invitation:
    actor = current_actor()
    secret = links.make(user.id, "invite", timedelta(days=INVITE_DAYS))
    company = queries.get_tenant(actor.tenant_id).name
    mail.post_to(user, lambda: letters.invite(secret, company, actor.name))
    by_hand = not mailing.is_possible() and mailing.folder() is None
    return Invitation(user, mailing.link(f"/invite/{secret}") if by_hand else None)


def accept(secret: str, name: str, password: str, client: Client) -> None:
    """Raises NotFound for a link that is gone, Invalid with the fields."""
    link = links.get(secret, "invite")
    errors = passwords.problems(password, link.email, name, link.tenant_name)
    errors += people.name_problems(name)
    if errors:
        raise Invalid(errors=errors)
    who = Actor(link.tenant_id, link.user_id, source="web", ip=client.ip, user_agent=client.user_agent)
    hashed = hash_password(password)  # slow on purpose: before the transaction
    with acting(who), transaction():
        links.use(link.link_id)
        links.end(link.user_id)
        user = queries.get_user(link.user_id)
        user.name, user.email_verified_at = name.strip(), clock.now() if mailing.is_possible() else None
        people.store_password(link.user_id, hashed, keep=None, tell=False)
        audit("user.accept", "user", link.user_id)
