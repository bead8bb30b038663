"""Letters: written in the transaction of what they tell, sent by a worker, tried again while the server is away.

A row whose kind is not `letter` is a question that the worker answers first (does this address have an account?), so
that the page takes the same time and leaves the same traces whatever the answer.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import or_, select, update

from app.accounts.models import Mail, User
from app.core import clock
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.crypto import seal, unseal
from app.core.db import transaction
from app.core.letters import Words

RETRY_MINUTES = (1, 5, 15, 60, 240, 720)
LEASE = timedelta(minutes=2)


def post(to: str, words: Words, locale: str, user_id: uuid.UUID | None = None) -> None:
    """One letter from the acting company; inside the transaction of what it is about."""
    _add("letter", {"to": to, "locale": locale, "words": words.as_json()}, user_id)


def post_to(user: User, write: Callable[[], Words]) -> None:
    """In the person's language."""
    with force_locale(user.locale):
        words = write()
    post(user.email, words, user.locale, user.id)


def post_to_admins(write: Callable[[], Words]) -> None:
    """Each in their language."""
    with transaction() as session:
        wanted = select(User).where(User.role == "admin", User.is_active, User.password_hash.is_not(None))
        for user in session.scalars(wanted).all():
            post_to(user, write)


def ask(kind: str, **question: Any) -> None:
    """A worker finds out what to write, by the function that `jobs` has for this kind."""
    _add(kind, question)


def _add(kind: str, payload: dict[str, Any], user_id: uuid.UUID | None = None) -> None:
    with transaction() as session:
        row = Mail(kind=kind, payload=seal(payload), user_id=user_id)
        session.add(row)
        session.flush()
        enqueue("mail.deliver", tenant_id=current_actor().tenant_id, mail_id=row.id)


def claim(mail_id: uuid.UUID) -> tuple[str, dict[str, Any]] | None:
    """Its kind and payload; None when another worker has it, or it left. A claim that dies is due again."""
    now = clock.now()
    with transaction() as session:
        free = or_(Mail.status == "queued", Mail.status == "sending")
        mine = update(Mail).where(Mail.id == mail_id, free, Mail.due_at <= now)
        mine = mine.values(status="sending", attempts=Mail.attempts + 1, due_at=now + LEASE)
        row = session.execute(mine.returning(Mail.kind, Mail.payload)).one_or_none()
    return (row.kind, unseal(row.payload)) if row else None


def done(mail_id: uuid.UUID) -> None:
    """What it said is forgotten."""
    _close(mail_id, status="sent", sent_at=clock.now(), payload=None, error=None)


def failed(mail_id: uuid.UUID, reason: str, *, permanent: bool) -> None:
    with transaction() as session:
        tries = session.scalar(select(Mail.attempts).where(Mail.id == mail_id)) or 1
    if permanent or tries > len(RETRY_MINUTES):
        _close(mail_id, status="failed", payload=None, error=reason[:500])
    else:
        again = clock.now() + timedelta(minutes=RETRY_MINUTES[tries - 1])
        _close(mail_id, status="queued", due_at=again, error=reason[:500])


def _close(mail_id: uuid.UUID, **values: Any) -> None:
    with transaction() as session:
        session.execute(update(Mail).where(Mail.id == mail_id, Mail.status == "sending").values(**values))


def list_due() -> list[uuid.UUID]:
    """Of the acting company, whose nudge was lost or whose time has come again."""
    with transaction() as session:
        waiting = select(Mail.id).where(Mail.status.in_(("queued", "sending")), Mail.due_at <= clock.now())
        return list(session.scalars(waiting.order_by(Mail.due_at).limit(200)))
