"""Sending again what was delivered or given up."""

import uuid

from flask_babel import gettext as _
from sqlalchemy import text, update

from app.core import clock
from app.core.audit import audit
from app.core.background import nudge
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.permissions import require
from app.hooks import queries
from app.hooks.models import Delivery

_REPLAY = text("""
    UPDATE webhook_deliveries SET state = 'pending', attempts = 0, first_at = NULL, next_at = now(), settled_at = NULL
    WHERE webhook_id = :id AND state = 'failed' AND event <> 'webhook.test'
""")
_SETTLED = ("delivered", "failed", "discarded")


def replay(delivery_id: uuid.UUID) -> Delivery:
    """The same bytes under the same id once more. Raises Conflict while it is still on its way."""
    require("webhooks.manage")
    with transaction() as session:
        row = queries.get_delivery(delivery_id)
        again = {"state": "pending", "attempts": 0, "first_at": None, "next_at": clock.now(), "settled_at": None}
        settled = update(Delivery).where(Delivery.id == row.id, Delivery.state.in_(_SETTLED)).values(**again)
        if not session.execute(settled, execution_options={"synchronize_session": False}).rowcount:
            raise Conflict(_("Esta entrega ainda está na fila"))
        audit("webhook.replay", "webhook_delivery", row.id)
        session.refresh(row)
    nudge("hooks.shift")
    return row


def replay_failed(webhook_id: uuid.UUID) -> int:
    """All that was given up, in its order. How many."""
    require("webhooks.manage")
    with transaction() as session:
        row = queries.get_webhook(webhook_id)
        count = session.execute(_REPLAY, {"id": row.id}).rowcount
        audit("webhook.replay_failed", "webhook", row.id, {"count": count})
    nudge("hooks.shift")
    return count


def discard(delivery_id: uuid.UUID) -> None:
    """Off the list of failures; it stays in the log until its age takes it."""
    require("dead_letters.manage")
    with transaction() as session:
        row = queries.get_delivery(delivery_id)
        failed = update(Delivery).where(Delivery.id == row.id, Delivery.state == "failed").values(state="discarded")
        if not session.execute(failed, execution_options={"synchronize_session": False}).rowcount:
            raise Conflict(_("Esta falha já foi resolvida"))
        audit("webhook.discard", "webhook_delivery", row.id)
