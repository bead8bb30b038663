"""Links that work once: the secret is only in the letter, the row has its hash."""

import uuid
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.engine import Row

from app.accounts import queries
from app.accounts.models import OneTimeLink
from app.core import clock
from app.core.crypto import new_token, token_hash
from app.core.db import transaction
from app.core.errors import NotFound


def make(user_id: uuid.UUID, purpose: str, life: timedelta) -> str:
    """The secret; earlier links of the same purpose stop working."""
    secret = new_token()
    with transaction() as session:
        end(user_id, purpose)
        session.add(
            OneTimeLink(user_id=user_id, purpose=purpose, token_hash=token_hash(secret), expires_at=clock.now() + life)
        )
    return secret


def end(user_id: uuid.UUID, *purposes: str) -> None:
    """Without a purpose: all of them."""
    with transaction() as session:
        open_ones = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
        if purposes:
            open_ones = open_ones.where(OneTimeLink.purpose.in_(purposes))
        session.execute(open_ones.values(used_at=clock.now()).execution_options(synchronize_session=False))


def get(secret: str, purpose: str) -> Row[Any]:
    """Whose link this is; raises NotFound for one that was used, is too old, or never was."""
    row = queries.find_one_time_link(token_hash(secret))
    if row is None or row.purpose != purpose:
        raise _gone()
    return row


def use(link_id: uuid.UUID) -> None:
    """Inside the transaction of what it allows: of two clicks one wins, the other gets NotFound."""
    with transaction() as session:
        unused = update(OneTimeLink).where(OneTimeLink.id == link_id, OneTimeLink.used_at.is_(None))
        if not session.execute(unused.values(used_at=clock.now())).rowcount:
            raise _gone()


def _gone() -> NotFound:
    return NotFound(_("Este link já foi usado ou venceu. Peça outro."))
