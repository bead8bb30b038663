"""What became of the invitations of those who have not answered yet."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from app.core.db import read_session

_STATES = text("""
    SELECT wanted.id, m.status, m.error, coalesce(l.alive, false) AS is_alive
    FROM unnest(cast(:ids AS uuid[])) AS wanted(id)
    LEFT JOIN LATERAL (SELECT status, error FROM mails WHERE user_id = wanted.id ORDER BY id DESC LIMIT 1) m ON true
    LEFT JOIN LATERAL (SELECT true AS alive FROM one_time_links WHERE user_id = wanted.id AND purpose = 'invite'
        AND used_at IS NULL AND expires_at > now() LIMIT 1) l ON true
""")


@dataclass(frozen=True)
class Invited:
    """`state`: sent, trying (the mail server refuses for now), failed, expired. `problem`: the server's words."""

    state: str
    problem: str | None = None


def states_of(user_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Invited]:
    if not user_ids:
        return {}
    rows = read_session().execute(_STATES, {"ids": list(user_ids)})
    return {row.id: _state(row.status, row.error, is_alive=row.is_alive) for row in rows}


def _state(status: str | None, error: str | None, *, is_alive: bool) -> Invited:
    if not is_alive:
        return Invited("expired")
    if status == "failed":
        return Invited("failed", error)
    return Invited("trying", error) if error and status != "sent" else Invited("sent")
