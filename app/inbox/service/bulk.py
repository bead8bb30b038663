"""One action on many conversations: each succeeds or fails alone."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from app.core.errors import AppError, Invalid
from app.core.permissions import require
from app.inbox.service import marks, tickets

MOST = 200
_ACTIONS: dict[str, Callable[..., Any]] = {
    "take": tickets.take,
    "release": tickets.release,
    "transfer": tickets.transfer,
    "close": tickets.close,
    "reopen": tickets.reopen,
    "set_priority": marks.set_priority,
    "add_tags": marks.add_tags,
    "mark_read": marks.mark_read,
    "mark_unread": marks.mark_unread,
}
ACTIONS = tuple(_ACTIONS)


@dataclass
class Outcome:
    """`failed`: (ticket, why, in the reader's language)."""

    done: list[uuid.UUID] = field(default_factory=list)
    failed: list[tuple[uuid.UUID, str]] = field(default_factory=list)


def bulk(action: str, ticket_ids: Sequence[uuid.UUID], **args: Any) -> Outcome:
    """`args` are the verb's own. Raises Invalid for an unknown action or too many at once."""
    require("inbox.use")
    if action not in _ACTIONS:
        raise Invalid.field("action", _("Esta ação não existe"))
    wanted = list(dict.fromkeys(ticket_ids))
    if len(wanted) > MOST:
        raise Invalid.field("ticket_ids", _("Escolha até %(most)s conversas por vez", most=MOST))
    outcome = Outcome()
    for ticket_id in wanted:
        try:
            _ACTIONS[action](ticket_id, **args)
            outcome.done.append(ticket_id)
        except AppError as refused:
            outcome.failed.append((ticket_id, str(refused.message)))
    return outcome
