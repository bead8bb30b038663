"""Raw events into meaning: one claim per number, in order, in batches; a poisoned event steps aside, whether it raises
or takes the whole worker with it (`caution`).
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core import background, clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit
from app.core.ids import created_at
from app.gateways import events as ev
from app.gateways import gateway_for
from app.inbox import service as inbox
from app.instances.models import Instance
from app.instances.service import facts as instance_facts
from app.outbox.service import Receipt, apply_receipts, evidence
from app.webhooks.service import caution

log = structlog.get_logger(__name__)

BATCH, SMALLEST = 500, 20
MOMENT = timedelta(seconds=10)  # who is typing is news for so long
LONGEST_SECONDS = 0.5
LONGEST_ALONE = 10  # seconds for an event whose batch was not survived
# The database's own troubles (connection, resources, shutdown, disk): no event's fault.
_NOT_ITS_FAULT = ("08", "53", "57P", "58")

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:instance, 7))")
_NEXT = text("""
    SELECT id, body FROM inbound_events WHERE instance_id = :instance AND state = 'pending' ORDER BY id LIMIT :n
""")
_DONE = text("""
    UPDATE inbound_events SET state = 'done', processed_at = :now, error = NULL WHERE id = ANY (cast(:ids AS uuid[]))
""")
# The sender's results and this batch touch the same references: both take them in one order, so neither waits for ever.
_RESERVE = text("""
    INSERT INTO external_refs (instance_id, external_id, tenant_id)
    SELECT :instance, x, :tenant FROM unnest(cast(:ids AS text[])) AS x ON CONFLICT DO NOTHING
""")
_LOCK_REFS = text("""
    SELECT 1 FROM external_refs WHERE instance_id = :instance AND external_id = ANY (cast(:ids AS text[]))
    ORDER BY external_id FOR UPDATE
""")
_DEAD = text("UPDATE inbound_events SET state = 'dead', processed_at = :now, error = :error WHERE id = :id")


def process(instance_id: uuid.UUID, size: int = BATCH) -> int:
    """Apply one batch of a number's pending events. How many rows were settled; 0 when another worker has them."""
    try:
        return _process(instance_id, size, _apply_all)
    except background.TimedOut:
        raise  # the next try goes one at a time
    except OperationalError as error:
        if _is_the_databases(error):
            caution.survived(instance_id)
        raise  # nothing was lost, the sweep comes back
    except Exception:
        log.warning("batch_failed", instance_id=str(instance_id), exc_info=True)
        caution.survived(instance_id)
        return _process(instance_id, size, _apply_each)


def _is_the_databases(error: OperationalError) -> bool:
    code = getattr(error.orig, "pgcode", None)
    return code is None or error.connection_invalidated or code.startswith(_NOT_ITS_FAULT)


def next_size(size: int, settled: int, seconds: float) -> int:
    """How many events the next transaction should take, so that it lasts about LONGEST_SECONDS: nobody hears of a word
    before its batch is committed, and a hundred first words, each with its greeting and its person, take long."""
    if not settled:
        return size
    return max(SMALLEST, min(BATCH, int(settled * LONGEST_SECONDS / max(seconds, 0.001))))


def _process(instance_id: uuid.UUID, size: int, apply: Callable[[uuid.UUID, Sequence[Any]], list[uuid.UUID]]) -> int:
    with transaction() as session:
        if not session.scalar(_LOCK, {"instance": str(instance_id)}):
            return 0
        rows = session.execute(_NEXT, {"instance": instance_id, "n": size}).all()
        if not rows:
            return 0
        note = caution.begin(caution.read(instance_id), rows[0].id, len(rows))
        caution.write(instance_id, note)
        rows = rows[: note.size]
        done = _carefully(instance_id, rows, note, apply)
        session.execute(_DONE, {"ids": [str(row_id) for row_id in done], "now": clock.now()})
    caution.write(instance_id, caution.ended(note))
    return len(rows)


def _carefully(instance_id: uuid.UUID, rows: Sequence[Any], note: caution.Note, apply: Any) -> list[uuid.UUID]:
    if note.is_poisoned:
        _bury(rows[0].id, f"the worker did not survive it, {note.alone} times")
        return []
    if not note.left:
        return list(apply(instance_id, rows))
    with background.within(LONGEST_ALONE):
        return list(apply(instance_id, rows))


def _apply_all(instance_id: uuid.UUID, rows: Sequence[Any]) -> list[uuid.UUID]:
    found = _parse(instance_id, [bytes(row.body) for row in rows])
    stale = clock.now() - MOMENT
    _apply(
        instance_id,
        [
            event
            for row, events in zip(rows, found, strict=True)
            for event in events
            if not (isinstance(event, ev.TypingSeen) and created_at(row.id) < stale)
        ],
    )
    unread = {row.id for row, events in zip(rows, found, strict=True) if _is_unread(events)}
    for row_id in unread:
        _bury(row_id, "not understood")
    return [row.id for row in rows if row.id not in unread]


def _apply_each(instance_id: uuid.UUID, rows: Sequence[Any]) -> list[uuid.UUID]:
    """One event at a time, each in a savepoint: the poisoned one is buried with its error."""
    done = []
    for row in rows:
        try:
            with transaction() as session, session.begin_nested():
                done += _apply_all(instance_id, [row])
        except (OperationalError, background.TimedOut):
            raise
        except Exception as exc:
            log.warning("event_poisoned", event_id=str(row.id), exc_info=True)
            _bury(row.id, f"{type(exc).__name__}: {exc}")
    return done


def _is_unread(events: Sequence[ev.Event]) -> bool:
    return any(isinstance(event, ev.Unparsed) for event in events)


def _bury(row_id: uuid.UUID, error: str) -> None:
    words = error.replace("\0", "").encode("utf-8", "replace").decode()[:500]  # an error may quote what it choked on
    with transaction() as session:
        session.execute(_DEAD, {"id": row_id, "error": words, "now": clock.now()})
        emit("inbound.dead", event_id=row_id)


def _parse(instance_id: uuid.UUID, bodies: Sequence[bytes]) -> list[list[ev.Event]]:
    with transaction() as session:
        instance = session.get(Instance, instance_id)
    gateway = gateway_for(instance.provider if instance else "evolution")
    return [gateway.parse_webhook(body) for body in bodies]


def _apply(instance_id: uuid.UUID, found: Sequence[ev.Event]) -> None:
    """By kind, each in order. Messages before receipts, so that a read mark finds its message."""
    _lock_refs(instance_id, sorted({e.external_id for e in found if isinstance(e, _REFERRING)}))
    inbox.receive(instance_id, [e for e in found if _is_conversation(e)])
    _own(instance_id, [e for e in found if _is_own(e)])
    _receipts(instance_id, [e for e in found if isinstance(e, ev.ReceiptChanged)])
    for event in found:
        handler = _HANDLERS.get(type(event))
        if handler:
            handler(instance_id, event)


def _lock_refs(instance_id: uuid.UUID, external_ids: list[str]) -> None:
    if not external_ids:
        return
    values = {"instance": instance_id, "tenant": current_actor().tenant_id, "ids": external_ids}
    with transaction() as session:
        session.execute(_RESERVE, values)
        session.execute(_LOCK_REFS, values)


def _is_conversation(event: ev.Event) -> bool:
    return isinstance(event, ev.MessageReceived) and (not event.from_me or event.source in evidence.TYPED_ON)


def _is_own(event: ev.Event) -> bool:
    return isinstance(event, ev.OwnMessageSent) or (
        isinstance(event, ev.MessageReceived) and event.from_me and event.source not in evidence.TYPED_ON
    )


def _own(instance_id: uuid.UUID, events: Sequence[Any]) -> None:
    """Echoes of what left through the API: proof for messages whose outcome is unknown."""
    if not events:
        return
    evidence.park_echoes(instance_id, [_as_echo(event) for event in events if not event.jid.endswith("@g.us")])
    evidence.bind(instance_id)


def _as_echo(event: Any) -> dict[str, Any]:
    media = event.content.media
    return {
        "external_id": event.external_id,
        "jid": event.jid,
        "type": event.content.type,
        "text": event.content.text,
        "file_name": media.file_name if media else None,
        "at": event.at,
        "source": event.source,
    }


def _receipts(instance_id: uuid.UUID, events: Sequence[ev.ReceiptChanged]) -> None:
    own = [
        Receipt(e.external_id, e.status, e.at, e.error_code, e.error_detail)
        for e in events
        if e.from_me and e.status != "deleted"
    ]
    apply_receipts(instance_id, own)
    read = [e.external_id for e in events if not e.from_me and e.status in ("read", "played")]
    if read:
        inbox.read_on_phone(instance_id, read)


def _connection(instance_id: uuid.UUID, event: ev.ConnectionChanged) -> None:
    if event.state == "open":
        instance_facts.record_open(instance_id, jid=event.jid, profile_name=event.profile_name)
    elif event.state == "connecting":
        instance_facts.record_connecting(instance_id)
    else:
        instance_facts.record_closed(instance_id, event.reason)


def _qr(instance_id: uuid.UUID, event: ev.QrChanged) -> None:
    if event.exhausted:
        instance_facts.record_qr_exhausted(instance_id)
    else:
        instance_facts.record_qr(instance_id, event.image, event.pairing_code)


_REFERRING = (ev.MessageReceived, ev.OwnMessageSent, ev.ReceiptChanged)
_HANDLERS: dict[type[ev.Event], Callable[[uuid.UUID, Any], None]] = {
    ev.ConnectionChanged: _connection,
    ev.QrChanged: _qr,
    ev.MessageDeleted: inbox.apply_deleted,
    ev.MessageEdited: inbox.apply_edited,
    ev.TypingSeen: inbox.hear_typing,
    ev.InstanceGone: lambda instance_id, _event: instance_facts.record_gone(instance_id),
}
