"""Transactions: nested blocks, one commit, and what must wait for it.

Inside `transaction()` nothing leaves the process: jobs and socket events asked for there are kept by `after_commit`
and run once the outermost block has committed, so that no job outruns its row.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import QueuePool

from app.core import prometheus
from app.core.context import find_actor
from app.extensions import db

log = structlog.get_logger(__name__)

_SCOPE = text("SELECT set_config('app.tenant_id', :tenant, true)")


@event.listens_for(Session, "after_begin")
def _scope_to_tenant(session: Session, begun: SessionTransaction, connection: Connection) -> None:
    """Row-level security reads this setting; without an actor it stays empty and no tenant's row is seen. A savepoint
    has it already."""
    if begun.nested:
        return
    actor = find_actor()
    if actor is not None:
        connection.execute(_SCOPE, {"tenant": str(actor.tenant_id)})
        session.info["tenant_id"] = actor.tenant_id
    else:
        session.info.pop("tenant_id", None)


@event.listens_for(QueuePool, "checkout")
def _taken(*_about: object) -> None:
    prometheus.pool_used.inc()


@event.listens_for(QueuePool, "checkin")
def _given_back(*_about: object) -> None:
    prometheus.pool_used.dec()


def _ensure_same_tenant(session: Session) -> None:
    """A session begun for another tenant (or none) must not serve this one: start a fresh transaction."""
    actor = find_actor()
    wanted = actor.tenant_id if actor else None
    if session.info.get("depth", 0):
        if session.info.get("opened_for") != wanted:
            raise RuntimeError("the tenant changed inside a transaction")
    elif session.in_transaction() and session.info.get("tenant_id") != wanted:
        session.rollback()
    session.info["opened_for"] = wanted


@contextmanager
def transaction() -> Iterator[Session]:
    """Nests; the outermost block commits, or rolls everything back and forgets its deferred calls."""
    session: Session = db.session()
    _ensure_same_tenant(session)
    depth = session.info.get("depth", 0)
    session.info["depth"] = depth + 1
    try:
        yield session
        if depth == 0:
            _run_gathered(session)
            session.commit()
        else:
            session.flush()
    except BaseException:
        if depth == 0:
            session.rollback()
            session.info.pop("deferred", None)
            session.info.pop("gathered", None)
        raise
    finally:
        session.info["depth"] = depth
    if depth == 0:
        _run_deferred(session)


def after_commit(call: Callable[[], Any]) -> None:
    """Run `call` after the outermost commit; at once when no transaction() is open."""
    session: Session = db.session()
    if session.info.get("depth", 0):
        session.info.setdefault("deferred", []).append(call)
    else:
        call()


def gather(call: Callable[[list[Any]], None], items: Sequence[Any]) -> None:
    """Run `call` with all that was gathered for it at the end of the outermost transaction(), still inside it; at once
    when none is open. For questions that would else be asked again for every step of a long verb."""
    session: Session = db.session()
    if session.info.get("depth", 0):
        session.info.setdefault("gathered", {}).setdefault(call, []).extend(items)
    else:
        call(list(items))


def _run_gathered(session: Session) -> None:
    for call, items in session.info.pop("gathered", {}).items():
        call(items)


def _run_deferred(session: Session) -> None:
    """The rows are committed: a failing nudge (Redis away) is logged, never raised; sweeps make up for it."""
    for call in session.info.pop("deferred", []):
        try:
            call()
        except Exception:
            log.warning("after_commit_failed", exc_info=True)


def read_session() -> Session:
    """A session for reads, scoped to the current actor's tenant."""
    session: Session = db.session()
    _ensure_same_tenant(session)
    return session


def release() -> None:
    """Give the connection back before a stranger is asked for anything."""
    db.session.remove()
