"""What people do to messages after the fact: cancel, retry, send again, discard."""

import uuid
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import TextClause, text

from app.core import clock
from app.core.audit import audit
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, NotFound
from app.core.facts import emit, notify
from app.core.permissions import require
from app.messages.models import Message, MessageEvent
from app.outbox.models import Lane, OutboxRow
from app.outbox.service.queueing import usable_instance, wake
from app.outbox.service.spoken import hold_of

CHUNK = 5000

# Only what has not started can still be stopped. A row that is going this moment is waited for, and then left alone.
_CANCEL = """
    WITH gone AS (
        DELETE FROM outbox WHERE message_id IN (
            SELECT message_id FROM outbox WHERE {where} AND state IN ('queued', 'claimed') AND started_at IS NULL
            ORDER BY message_id LIMIT :chunk FOR UPDATE)
        RETURNING message_id, tenant_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, code)
        SELECT uuid7(), tenant_id, message_id, 'cancelled', :code FROM gone
    )
    UPDATE messages m SET status = 'cancelled', error_code = :code FROM gone
    WHERE m.id = gone.message_id AND status_rank(m.status) < 3 RETURNING m.id, m.campaign_id
"""
_CANCEL_CAMPAIGN = text(_CANCEL.format(where="campaign_id = :target"))
_CANCEL_CONTACT = text(_CANCEL.format(where="contact_id = :target AND campaign_id IS NOT NULL"))
_CANCEL_NUMBER = text(_CANCEL.format(where="instance_id = :target"))
_CANCEL_ONE = text(_CANCEL.format(where="message_id = :target"))


def cancel_campaign_messages(campaign_id: uuid.UUID) -> int:
    """Cancel what has not started, in chunks with a commit each when called outside a transaction. How many."""
    return _cancel_in_chunks(_CANCEL_CAMPAIGN, campaign_id, "campaign_cancelled")


def cancel_number_messages(instance_id: uuid.UUID) -> int:
    """The number is gone for good: what still waits for it will never go. How many."""
    return _cancel_in_chunks(_CANCEL_NUMBER, instance_id, "number_deleted")


def on_number_deleted(instance_id: str) -> None:
    """`instance.deleted`: a job cancels its queue, however long."""
    enqueue("outbox.forget_number", tenant_id=current_actor().tenant_id, instance_id=instance_id)


def _cancel_in_chunks(statement: TextClause, target: uuid.UUID, code: str) -> int:
    total = 0
    while True:
        with transaction() as session:
            rows = session.execute(statement, {"target": target, "code": code, "chunk": CHUNK}).all()
            for campaign_id in {row.campaign_id for row in rows if row.campaign_id}:
                notify("campaign.progress", campaign_id=campaign_id)
        total += len(rows)
        if not rows:
            return total


def cancel_for_contact(contact_id: uuid.UUID, code: str = "opted_out") -> int:
    """The person said stop: no campaign message still queued for them goes."""
    with transaction() as session:
        rows = session.execute(_CANCEL_CONTACT, {"target": contact_id, "code": code, "chunk": 100_000}).all()
        if rows:
            emit("message.statuses", changes=[[str(row.id), "cancelled"] for row in rows])
        for campaign_id in {row.campaign_id for row in rows}:
            notify("campaign.progress", campaign_id=campaign_id)
        return len(rows)


def cancel_message(message_id: uuid.UUID) -> None:
    """Raises Conflict when it already left or is on the wire."""
    require("messages.send")
    with transaction() as session:
        done = session.execute(_CANCEL_ONE, {"target": message_id, "code": "cancelled_by_person", "chunk": 1}).all()
        if not done:
            raise Conflict(_("Esta mensagem já saiu e não pode mais ser cancelada"))
        audit("message.cancel", "message", message_id)
        emit("message.status", message_id=message_id, status="cancelled")


def retry_message(message_id: uuid.UUID) -> Message:
    """A failed message goes to the queue again, by a person's decision. Raises Conflict for any other status."""
    require("messages.send")
    return _requeue(message_id, "failed", "message.retry")


def resend_unconfirmed(message_ids: Sequence[uuid.UUID]) -> int:
    """A person decided: what nobody could find at the gateway is sent again; what was found meanwhile is not. How many
    were. Raises Conflict when none waits to be verified any more."""
    require("messages.send")
    done = 0
    with transaction():
        for message_id in sorted(message_ids):
            try:
                _requeue(message_id, "unconfirmed", "message.resend")
                done += 1
            except (Conflict, NotFound):
                continue
    if message_ids and not done:
        raise Conflict(_("Estas mensagens já não esperam verificação; atualize a página"))
    return done


def _requeue(message_id: uuid.UUID, status: str, action: str) -> Message:
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True, populate_existing=True)
        if message is None:
            raise NotFound(_("Mensagem não encontrada"))
        if message.status != status or message.direction != "outbound":
            raise Conflict(_("Esta mensagem mudou de estado; atualize a página"))
        usable_instance(message.instance_id)
        row = session.get(OutboxRow, message_id, with_for_update=True, populate_existing=True)
        if row is None:
            row = OutboxRow(
                message_id=message.id,
                instance_id=message.instance_id,
                contact_id=message.contact_id,
                campaign_id=message.campaign_id,
                recipient_key=message.recipient_key or "",
                lane=int(_lane_of(message)),
                attempt=message.attempts,
            )
            session.add(row)
        # What the earlier attempts are known by stays in `external_refs`: good news of them still counts, and stops
        # this one while it waits; bad news of them is old.
        row.unknown_at = row.started_at
        row.state, row.owner, row.lease, row.started_at, row.tries = "queued", None, None, None, 0
        row.send_after, row.held, row.searched_at = clock.now(), hold_of(message), None
        message.status, message.error_code, message.error_message, message.failed_at = "queued", None, None, None
        message.external_id, message.sent_at = None, None
        session.add(MessageEvent(message_id=message.id, status="queued", code=action.partition(".")[2]))
        audit(action, "message", message.id)
        emit("message.status", message_id=message.id, status="queued", campaign_id=message.campaign_id)
        wake()
    return message


def _lane_of(message: Message) -> Lane:
    if message.campaign_id:
        return Lane.LOW
    return Lane.NORMAL if message.sender_type == "api" else Lane.HIGH


def discard_failed(message_id: uuid.UUID) -> None:
    """Take a failed message off the dead letters; the ledger keeps it, and late proof of it still counts."""
    require("dead_letters.manage")
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or message.status not in ("failed", "unconfirmed"):
            raise NotFound(_("Mensagem não encontrada"))
        message.details = {**message.details, "discarded": True}
        audit("message.discard", "message", message.id)
