"""Receipts: in any order, before or after our own result, once or ten times; the status only moves up."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import notify
from app.messages import metrics
from app.outbox import rules
from app.outbox.service import brakes
from app.outbox.service.results import announce


@dataclass(frozen=True)
class Receipt:
    """One status of one of our messages, by the gateway's id."""

    external_id: str
    status: str
    at: datetime | None = None
    code: str | None = None
    detail: str | None = None


@dataclass
class _Merged:
    """All receipts of one message in a batch, as one row."""

    status: str
    times: dict[str, datetime]
    code: str | None = None
    detail: str | None = None


_TIMES = {
    "sent": "acked_at",
    "delivered": "delivered_at",
    "read": "read_at",
    "played": "played_at",
    "failed": "failed_at",
}

# Receipt and result both upsert the reference, so whichever comes second finds the other.
_REMEMBER = text("""
    INSERT INTO external_refs AS r (instance_id, external_id, tenant_id, best_status, acked_at, delivered_at,
        read_at, played_at, failed_at)
    SELECT :instance, external_id, :tenant, status, acked_at, delivered_at, read_at, played_at, failed_at
    FROM unnest(cast(:ids AS text[]), cast(:statuses AS text[]), cast(:acked AS timestamptz[]),
        cast(:delivered AS timestamptz[]), cast(:read AS timestamptz[]), cast(:played AS timestamptz[]),
        cast(:failed AS timestamptz[]))
        AS t(external_id, status, acked_at, delivered_at, read_at, played_at, failed_at)
    ON CONFLICT (instance_id, external_id) DO UPDATE SET
        best_status = CASE WHEN status_rank(excluded.best_status) > status_rank(coalesce(r.best_status, ''))
            THEN excluded.best_status ELSE r.best_status END,
        acked_at = least(r.acked_at, excluded.acked_at),
        delivered_at = least(r.delivered_at, excluded.delivered_at),
        read_at = least(r.read_at, excluded.read_at), played_at = least(r.played_at, excluded.played_at),
        failed_at = least(r.failed_at, excluded.failed_at)
    RETURNING r.external_id, r.message_id
""")
# A statement of its own, with the messages' ids as values: joined to the one above, the planner guesses one row and
# compares every receipt with every other.
_APPLY = text("""
    WITH old AS (
        SELECT m.id, m.status, m.delivered_at, m.read_at, m.attempts, v.status AS new_status, v.external_id,
            least(v.delivered_at, v.read_at, v.played_at) AS d, least(v.read_at, v.played_at) AS r, v.played_at AS p,
            v.failed_at AS f, v.code, v.detail
        FROM unnest(cast(:messages AS uuid[]), cast(:ids AS text[]), cast(:statuses AS text[]),
            cast(:delivered AS timestamptz[]), cast(:read AS timestamptz[]), cast(:played AS timestamptz[]),
            cast(:failed AS timestamptz[]), cast(:codes AS text[]), cast(:details AS text[]))
            AS v(message_id, external_id, status, delivered_at, read_at, played_at, failed_at, code, detail)
        JOIN messages m ON m.id = v.message_id
        WHERE m.direction = 'outbound' AND (v.status <> 'failed' OR m.external_id = v.external_id)
        ORDER BY m.id FOR UPDATE OF m
    ), changed AS (
        UPDATE messages m SET
            status = CASE WHEN status_rank(old.new_status) > status_rank(m.status)
                THEN old.new_status ELSE m.status END,
            external_id = coalesce(m.external_id, old.external_id),
            sent_at = coalesce(m.sent_at, old.d, :now),
            delivered_at = least(m.delivered_at, old.d), read_at = least(m.read_at, old.r),
            played_at = least(m.played_at, old.p),
            failed_at = CASE WHEN old.new_status = 'failed' AND status_rank(m.status) < 4 THEN old.f
                WHEN status_rank(old.new_status) > 4 THEN NULL ELSE m.failed_at END,
            error_code = CASE WHEN old.new_status = 'failed' AND status_rank(m.status) < 4
                THEN coalesce(old.code, 'error_receipt')
                WHEN status_rank(old.new_status) > 2 AND m.status <> 'failed' OR status_rank(old.new_status) > 4
                THEN NULL ELSE m.error_code END,
            error_message = CASE WHEN old.new_status = 'failed' AND status_rank(m.status) < 4 THEN old.detail
                WHEN status_rank(old.new_status) > 2 AND m.status <> 'failed' OR status_rank(old.new_status) > 4
                THEN NULL ELSE m.error_message END
        FROM old WHERE m.id = old.id AND (status_rank(old.new_status) > status_rank(m.status)
            OR least(m.delivered_at, old.d) IS DISTINCT FROM m.delivered_at
            OR least(m.read_at, old.r) IS DISTINCT FROM m.read_at
            OR least(m.played_at, old.p) IS DISTINCT FROM m.played_at)
        RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.attempts, old.status AS before, old.external_id,
            old.delivered_at IS NULL AND m.delivered_at IS NOT NULL AS newly_delivered,
            old.read_at IS NULL AND m.read_at IS NOT NULL AS newly_read, old.new_status, old.code
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code)
        SELECT uuid7(), :tenant, id, new_status, attempts, code FROM changed
    ), settled AS (
        DELETE FROM outbox o USING changed WHERE o.message_id = changed.id
    )
    SELECT id, status, campaign_id, ticket_id, before, external_id, newly_delivered, newly_read FROM changed
""")


def apply_receipts(instance_id: uuid.UUID, receipts: Sequence[Receipt]) -> int:
    """How many messages changed. Unknown ids are parked until our own result names them."""
    merged = _merge(receipts)
    if not merged:
        return 0
    with transaction() as session:
        remembered = session.execute(_REMEMBER, {"instance": instance_id, **_arrays(merged)})
        ours = {row.external_id: row.message_id for row in remembered if row.message_id}
        rows = session.execute(_APPLY, _arrays(merged, ours)).all() if ours else []
        _count(instance_id, rows)
        brakes.note_receipts(instance_id, _signs(receipts, rows))
        announce(rows)
        for campaign_id in {row.campaign_id for row in rows if row.campaign_id}:
            notify("campaign.progress", campaign_id=campaign_id)
    return len(rows)


def _signs(receipts: Sequence[Receipt], rows: Sequence[Any]) -> list[str]:
    """The statuses in the order they came; a failure counts once, and only where it changed something."""
    newly = {row.external_id for row in rows if row.status == "failed" and row.before != "failed"}
    signs = []
    for receipt in receipts:
        if receipt.status == "failed":
            if receipt.external_id in newly:
                newly.discard(receipt.external_id)
                signs.append("failed")
        elif receipt.status in _TIMES:
            signs.append(receipt.status)
    return signs


def _merge(receipts: Iterable[Receipt]) -> dict[str, _Merged]:
    now = clock.now()
    merged: dict[str, _Merged] = {}
    for receipt in receipts:
        if receipt.status not in _TIMES:
            continue
        row = merged.setdefault(receipt.external_id, _Merged(receipt.status, {}))
        row.status = rules.better(row.status, receipt.status)
        column, at = _TIMES[receipt.status], receipt.at or now
        row.times[column] = min(at, row.times.get(column, at))
        if receipt.status == "failed":
            row.code, row.detail = receipt.code, receipt.detail
    return merged


def _arrays(merged: dict[str, _Merged], ours: Mapping[str, uuid.UUID] | None = None) -> dict[str, Any]:
    """Columns of all receipts, or of those whose message we know."""
    ids = sorted(merged if ours is None else ours)  # one order of locking for every process
    columns = {name: [merged[i].times.get(column) for i in ids] for name, column in _TIMES.items()}
    return {
        "tenant": current_actor().tenant_id,
        "now": clock.now(),
        "messages": [str(ours[i]) for i in ids] if ours else [],
        "ids": ids,
        "statuses": [merged[i].status for i in ids],
        "acked": columns["sent"],
        "delivered": columns["delivered"],
        "read": columns["read"],
        "played": columns["played"],
        "failed": columns["failed"],
        "codes": [merged[i].code for i in ids],
        "details": [merged[i].detail for i in ids],
    }


def _count(instance_id: uuid.UUID, rows: Sequence[Any]) -> None:
    metrics.add(
        instance_id,
        delivered=sum(row.newly_delivered for row in rows),
        read=sum(row.newly_read for row in rows),
        failed=sum((row.status == "failed") - (row.before == "failed") for row in rows),
        sent=sum(rules.RANK.get(row.before, 0) < rules.RANK["sent"] for row in rows),
    )
