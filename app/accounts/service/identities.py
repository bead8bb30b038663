"""Accounts elsewhere (Google, Facebook) that open an account here."""

from dataclasses import dataclass, replace

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.accounts import queries
from app.accounts.models import Identity
from app.accounts.queries import Person
from app.accounts.rules import normal_email
from app.accounts.service.sessions import NO_TENANT, Client, Suspended
from app.core.audit import audit
from app.core.context import acting, current_actor, system
from app.core.db import transaction
from app.core.errors import Conflict, NotFound, Unauthorized


@dataclass(frozen=True)
class Outside:
    """Who the provider says it is. `is_verified`: it vouches for the address."""

    provider: str
    subject: str
    email: str | None
    is_verified: bool


def find_person(outside: Outside, client: Client) -> Person:
    """By the account linked before, else by an address that the provider vouches for. Raises Unauthorized."""
    row = queries.find_identity(outside.provider, outside.subject)
    by_email = None
    if row is None and outside.email and outside.is_verified:
        by_email = queries.find_sign_in(normal_email(outside.email))
    found = row or by_email
    person = queries.find_person(found.tenant_id, found.user_id) if found else None
    if person is not None:
        if by_email is not None:
            with acting(person.actor("web", ip=client.ip, user_agent=client.user_agent)):
                link(outside)
        return person
    _note_failure(found.tenant_id if found else NO_TENANT, outside, client)
    if by_email is not None and by_email.is_active and not by_email.tenant_active:
        raise Suspended(by_email.suspended_reason)
    raise Unauthorized(_("Nenhuma conta do Recado está ligada a essa. Entre com a senha e ligue-a em Segurança."))


def _note_failure(tenant_id: object, outside: Outside, client: Client) -> None:
    actor = replace(system(tenant_id), ip=client.ip, user_agent=client.user_agent, source="web")  # type: ignore[arg-type]
    with acting(actor):
        audit("auth.failed", "user", None, {"provider": outside.provider, "email": (outside.email or "")[:254]})


def link(outside: Outside) -> None:
    """To the acting person."""
    actor = current_actor()
    try:
        with transaction() as session:
            session.execute(
                delete(Identity).where(Identity.user_id == actor.user_id, Identity.provider == outside.provider)
            )
            session.add(
                Identity(user_id=actor.user_id, provider=outside.provider, subject=outside.subject, email=outside.email)
            )
            session.flush()
            audit("identity.link", "user", actor.user_id, {"provider": outside.provider, "email": outside.email})
    except IntegrityError as error:
        raise Conflict(_("Essa conta já está ligada a outra pessoa.")) from error


def unlink(provider: str) -> None:
    actor = current_actor()
    with transaction() as session:
        mine = delete(Identity).where(Identity.user_id == actor.user_id, Identity.provider == provider)
        if not session.execute(mine).rowcount:
            raise NotFound
        audit("identity.unlink", "user", actor.user_id, {"provider": provider})
