"""Who is acting. Doors and jobs set the actor; permissions, audit and row-level security read it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from app.core.errors import Unauthorized


@dataclass(frozen=True)
class Actor:
    """A person, a token or the system, always inside one tenant."""

    tenant_id: uuid.UUID
    user_id: uuid.UUID | None = None
    role: str = "system"
    permissions: frozenset[str] = field(default_factory=frozenset)  # granted beyond the role
    scopes: frozenset[str] | None = None  # an API token's limit; None = all of the role
    locale: str = "pt_BR"
    source: str = "system"  # web, api, system, bot
    ip: str | None = None
    user_agent: str | None = None
    name: str = ""
    session_id: uuid.UUID | None = None
    token_id: uuid.UUID | None = None  # the API token that speaks for the person
    unconfirmed: frozenset[str] = field(default_factory=frozenset)  # actions that wait for a second factor


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def find_actor() -> Actor | None:
    return _actor.get()


def current_actor() -> Actor:
    """Raises Unauthorized when nobody acts."""
    actor = _actor.get()
    if actor is None:
        raise Unauthorized
    return actor


def set_actor(actor: Actor | None) -> None:
    """For doors whose end is the end of their context (a request's greenlet)."""
    _actor.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def system(tenant_id: uuid.UUID) -> Actor:
    """The application itself, in one tenant: every permission, no user."""
    return Actor(tenant_id=tenant_id)
