"""Settling dead letters: once more, or never again. A person decides; no machine does."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from flask_babel import gettext as _
from sqlalchemy import text

from app.core.audit import audit
from app.core.background import nudge
from app.core.context import Actor, acting
from app.core.db import transaction
from app.core.errors import AppError, NotFound
from app.core.facts import emit
from app.core.permissions import require
from app.hooks import service as hooks
from app.outbox.service import discard_failed, send_again
from app.webhooks import queries
from app.webhooks.queries import DeadLetter

MOST_AT_ONCE = 1000
# What it takes to send a message again, lent for that one verb to who may settle dead letters.
_LENT = frozenset({"messages.send", "inbox.all"})
_SETTLE = text("UPDATE inbound_events SET state = :state, error = NULL WHERE id = :id AND state = 'dead'")


def look(letter_id: uuid.UUID) -> DeadLetter:
    """One letter with what is in it: personal data, so looking is written down."""
    with transaction():
        letter = queries.get_letter(letter_id)
        audit("dead_letter.view", letter.kind, letter_id)
    return letter


def replay(letter_id: uuid.UUID, *, confirm: bool = False) -> DeadLetter:
    """Process the event, or send the message, once more. Raises Conflict (`confirm_needed`) when a message may have
    left already and nobody confirmed."""
    actor = require("dead_letters.manage")
    with transaction():
        letter = queries.get_letter(letter_id)
        if letter.kind == "inbound":
            _settle(letter_id, "pending")
            nudge("webhooks.process")
        elif letter.kind == "webhook":
            hooks.replay(letter_id)
        else:
            with acting(_sender(actor)):
                send_again(letter_id, confirm=confirm)
        audit("dead_letter.replay", letter.kind, letter_id)
        emit("dead_letter.replayed", letter_id=letter_id, kind=letter.kind)
    return letter


def discard(letter_id: uuid.UUID) -> DeadLetter:
    """Off the list; the event's bytes are purged later, the message stays in the ledger."""
    require("dead_letters.manage")
    with transaction():
        letter = queries.get_letter(letter_id)
        if letter.kind == "inbound":
            _settle(letter_id, "discarded")
        elif letter.kind == "webhook":
            hooks.discard(letter_id)
        else:
            discard_failed(letter_id)
        audit("dead_letter.discard", letter.kind, letter_id)
        emit("dead_letter.discarded", letter_id=letter_id, kind=letter.kind)
    return letter


def settle_many(letter_ids: Sequence[uuid.UUID], verb: Callable[[uuid.UUID], object]) -> tuple[int, int]:
    """(settled, left): each in a transaction of its own, so that one that changed meanwhile stops no other."""
    settled = 0
    for letter_id in letter_ids[:MOST_AT_ONCE]:
        try:
            verb(letter_id)
            settled += 1
        except AppError:
            continue
    return settled, len(letter_ids) - settled


def _settle(event_id: uuid.UUID, state: str) -> None:
    with transaction() as session:
        if not session.execute(_SETTLE, {"id": event_id, "state": state}).rowcount:
            raise NotFound(_("Esta falha já foi resolvida"))


def _sender(actor: Actor) -> Actor:
    scopes = None if actor.scopes is None else actor.scopes | _LENT
    return replace(actor, permissions=actor.permissions | _LENT, scopes=scopes)
