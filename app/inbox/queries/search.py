"""Searching conversations by name, phone and words, whatever the accents; through the owner's plain views.

A frequent word is found among the newest messages; a rare one by the trigram index. Either way few rows are read.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from app.contacts.rules import search_patterns
from app.core.context import current_actor
from app.core.db import read_session
from app.core.permissions import can, require
from app.core.text import fold

NEWEST = 10_000
ENOUGH = 60
MOST = 400
MOST_RAW = 1_500  # hits that are looked at for who sees only some of them
SHORTEST = 3  # letters: a shorter word has no trigram

_PEOPLE = """
    SELECT t.id FROM tickets t WHERE t.tenant_id = :tenant AND t.contact_id IN (
        SELECT id FROM contact_search WHERE merged_into IS NULL AND deleted_at IS NULL AND {named} LIMIT 1000)
    ORDER BY t.last_message_at DESC LIMIT :most
"""
# Found first, and only then asked whose they are: few rows are left by then.
_FOUND = """
    WITH found AS MATERIALIZED ({source} LIMIT :raw)
    SELECT f.ticket_id, f.id, {seen} AS is_seen FROM found f LEFT JOIN tickets t ON t.id = f.ticket_id
    ORDER BY f.id DESC
"""
_RECENT = """
    SELECT m.id, m.ticket_id FROM (
        SELECT id, ticket_id, search FROM message_search WHERE campaign_id IS NULL ORDER BY id DESC LIMIT :newest) m
    WHERE m.search LIKE :pattern AND m.ticket_id IS NOT NULL
"""
_OLDER = """
    SELECT m.id, m.ticket_id FROM message_search m WHERE m.search LIKE :pattern AND m.ticket_id IS NOT NULL
    ORDER BY m.id DESC
"""
_THEIRS = """ (t.tenant_id = :tenant AND (t.user_id = :me OR (t.status = 'pending' AND t.user_id IS NULL
    AND (t.queue_id IS NULL OR t.queue_id IN (SELECT queue_id FROM queue_members WHERE user_id = :me)))))"""


def matching_tickets(query: str) -> list[uuid.UUID]:
    """Ids of conversations, those found by person first. What the actor may see is filtered by the caller too."""
    require("inbox.use")
    return list(dict.fromkeys([*_of_people(query), *matching_messages(query)]))


def _of_people(query: str) -> Sequence[uuid.UUID]:
    patterns = search_patterns(query)
    if not patterns:
        return []
    names = {f"p{n}_{k}": one for n, either in enumerate(patterns) for k, one in enumerate(either)}
    named = " AND ".join(
        "(" + " OR ".join(f"search ILIKE :p{n}_{k}" for k in range(len(either))) + ")"
        for n, either in enumerate(patterns)
    )
    values = {"tenant": current_actor().tenant_id, "most": MOST, **names}
    return read_session().scalars(text(_PEOPLE.format(named=named)), values).all()


def matching_messages(query: str) -> dict[uuid.UUID, uuid.UUID]:
    """Ticket → its newest message that says so."""
    actor = require("inbox.use")
    folded = fold(query)
    if len(folded) < SHORTEST:
        return {}
    pattern = "%" + folded.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    sees_all = can(actor, "inbox.all")
    seen, raw = ("true", MOST) if sees_all else (_THEIRS, MOST_RAW)
    values = {"tenant": actor.tenant_id, "me": actor.user_id, "pattern": pattern, "raw": raw}
    rows = _find(_RECENT, seen, {**values, "newest": NEWEST})
    theirs = [row for row in rows if row.is_seen]
    if len(rows) < ENOUGH:
        theirs = [row for row in _find(_OLDER, seen, values) if row.is_seen]
    elif len(theirs) < ENOUGH:
        theirs = [row for row in _find(_RECENT, seen, {**values, "newest": NEWEST * 4}) if row.is_seen]
    found: dict[uuid.UUID, uuid.UUID] = {}
    for row in theirs[:MOST]:
        found.setdefault(row.ticket_id, row.id)
    return found


def _find(source: str, seen: str, values: dict[str, Any]) -> Sequence[Row[Any]]:
    return read_session().execute(text(_FOUND.format(source=source, seen=seen)), values).all()
