"""Searching conversations by name, phone and words, whatever the accents; through the owner's plain views.

A frequent word is found among the newest messages; a rare one by the trigram index. Either way few rows are read.
"""

import uuid

from sqlalchemy import text

from app.contacts.rules import search_pattern
from app.core.context import current_actor
from app.core.db import read_session
from app.core.permissions import can, require
from app.core.text import fold

NEWEST = 10_000
ENOUGH = 60
MOST = 400
SHORTEST = 3  # letters: a shorter word has no trigram

_PEOPLE = text("""
    SELECT t.id FROM tickets t WHERE t.tenant_id = :tenant AND t.contact_id IN (
        SELECT id FROM contact_search WHERE merged_into IS NULL AND deleted_at IS NULL AND search ILIKE :pattern
        LIMIT 1000)
    ORDER BY t.last_message_at DESC LIMIT :most
""")
_RECENT = """
    SELECT m.ticket_id, m.id FROM (
        SELECT id, ticket_id, search FROM message_search WHERE campaign_id IS NULL ORDER BY id DESC LIMIT :newest) m
    WHERE m.search LIKE :pattern AND m.ticket_id IS NOT NULL {theirs} LIMIT :most
"""
_OLDER = """
    SELECT m.ticket_id, m.id FROM message_search m
    WHERE m.search LIKE :pattern AND m.ticket_id IS NOT NULL {theirs} ORDER BY m.id DESC LIMIT :most
"""
_THEIRS = """ AND m.ticket_id IN (SELECT t.id FROM tickets t WHERE t.tenant_id = :tenant AND (t.user_id = :me
    OR (t.status = 'pending' AND t.user_id IS NULL AND (t.queue_id IS NULL
        OR t.queue_id IN (SELECT queue_id FROM queue_members WHERE user_id = :me)))))"""


def matching_tickets(query: str) -> list[uuid.UUID]:
    """Ids of conversations, those found by person first. What the actor may see is filtered by the caller too."""
    require("inbox.use")
    people = read_session().scalars(
        _PEOPLE, {"pattern": search_pattern(query), "tenant": current_actor().tenant_id, "most": MOST}
    )
    return list(dict.fromkeys([*people, *matching_messages(query)]))


def matching_messages(query: str) -> dict[uuid.UUID, uuid.UUID]:
    """Ticket → its newest message that says so."""
    actor = require("inbox.use")
    folded = fold(query)
    if len(folded) < SHORTEST:
        return {}
    theirs = "" if can(actor, "inbox.all") else _THEIRS
    pattern = "%" + folded.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    values = {"tenant": actor.tenant_id, "me": actor.user_id, "pattern": pattern, "newest": NEWEST, "most": MOST}
    session = read_session()
    rows = session.execute(text(_RECENT.format(theirs=theirs)), values).all()
    if len(rows) < ENOUGH:
        rows = session.execute(text(_OLDER.format(theirs=theirs)), values).all()
    found: dict[uuid.UUID, uuid.UUID] = {}
    for row in rows:
        found.setdefault(row.ticket_id, row.id)
    return found
