"""Step 4: what the gateway answered, committed in batches. Every function may run twice."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.contacts.service.addresses import learn_addresses, mark_unreachable
from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit, notify
from app.messages import metrics
from app.outbox.rules import Outcome
from app.outbox.service import brakes, holds


@dataclass(frozen=True)
class Result:
    """One attempt's end. `delay` in seconds (retry); `jid` is the address WhatsApp answered with."""

    message_id: uuid.UUID
    tenant_id: uuid.UUID
    instance_id: uuid.UUID
    contact_id: uuid.UUID | None
    campaign_id: uuid.UUID | None
    attempt: int
    outcome: Outcome
    at: datetime
    external_id: str | None = None
    jid: str | None = None
    known_jid: str | None = None
    code: str | None = None
    detail: str | None = None
    delay: float = 0.0


_ACCEPT = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:instances AS uuid[]), cast(:externals AS text[]),
            cast(:attempts AS int[]), cast(:times AS timestamptz[])) AS t(message_id, instance_id, external_id, attempt, at)
    ), refs AS (
        INSERT INTO external_refs AS r (instance_id, external_id, tenant_id, message_id, best_status)
        SELECT instance_id, external_id, :tenant, message_id, 'sent' FROM v
        ON CONFLICT (instance_id, external_id) DO UPDATE SET message_id = coalesce(r.message_id, excluded.message_id),
            best_status = CASE WHEN status_rank(coalesce(r.best_status, '')) > 3 THEN r.best_status ELSE 'sent' END,
            echo = NULL
        RETURNING r.external_id, r.instance_id, r.best_status, r.delivered_at, r.read_at, r.played_at, r.failed_at
    ), changed AS (
        UPDATE messages m SET
            status = CASE WHEN status_rank(refs.best_status) > status_rank(m.status) THEN refs.best_status ELSE m.status END,
            external_id = v.external_id, attempts = greatest(m.attempts, v.attempt), sent_at = coalesce(m.sent_at, v.at),
            thread_at = v.at, delivered_at = coalesce(m.delivered_at, refs.delivered_at, refs.read_at, refs.played_at),
            read_at = coalesce(m.read_at, refs.read_at, refs.played_at), played_at = coalesce(m.played_at, refs.played_at),
            failed_at = CASE WHEN refs.best_status = 'failed' THEN refs.failed_at END,
            error_code = CASE WHEN refs.best_status = 'failed' THEN 'error_receipt' END, error_message = NULL
        FROM v JOIN refs USING (external_id, instance_id) WHERE m.id = v.message_id
        RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id, m.delivered_at IS NOT NULL AS is_delivered,
            m.read_at IS NOT NULL AS is_read
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, details, at)
        SELECT uuid7(), :tenant, message_id, 'sent', attempt, jsonb_build_object('external_id', external_id), at FROM v
    ), settled AS (
        DELETE FROM outbox o USING v WHERE o.message_id = v.message_id AND o.attempt = v.attempt
    )
    SELECT * FROM changed
""")
# Refused or cancelled: the end of it, unless a receipt already told better.
_END = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:statuses AS text[]), cast(:attempts AS int[]),
            cast(:codes AS text[]), cast(:details AS text[])) AS t(message_id, status, attempt, code, detail)
    ), settled AS (
        DELETE FROM outbox o USING v WHERE o.message_id = v.message_id AND o.attempt = v.attempt RETURNING o.message_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code, details)
        SELECT uuid7(), :tenant, v.message_id, v.status, v.attempt, v.code, jsonb_build_object('detail', v.detail)
        FROM v JOIN settled USING (message_id)
    )
    UPDATE messages m SET status = v.status, error_code = v.code, error_message = v.detail,
        attempts = greatest(m.attempts, v.attempt), failed_at = CASE WHEN v.status = 'failed' THEN :now END
    FROM v JOIN settled USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3
    RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id
""")
# Only the attempt itself may give its message back, and only with proof that nothing left.
_REQUEUE = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:attempts AS int[]), cast(:spent AS int[]),
            cast(:delays AS float8[]), cast(:codes AS text[]), cast(:details AS text[]))
        AS t(message_id, attempt, spent, delay, code, detail)
    ), back AS (
        UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL, started_at = NULL, tries = o.tries + v.spent,
            send_after = CASE WHEN v.delay > 0 THEN clock_timestamp() + make_interval(secs => v.delay) ELSE o.send_after END
        FROM v WHERE o.message_id = v.message_id AND o.attempt = v.attempt AND o.state IN ('sending', 'unconfirmed')
        RETURNING o.message_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code, details)
        SELECT uuid7(), :tenant, v.message_id, 'queued', v.attempt, v.code, jsonb_build_object('detail', v.detail)
        FROM v JOIN back USING (message_id)
    )
    UPDATE messages m SET status = 'queued', error_code = v.code, error_message = v.detail
    FROM v JOIN back USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3 RETURNING m.id
""")
_UNKNOWN = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:attempts AS int[]), cast(:codes AS text[]),
            cast(:details AS text[])) AS t(message_id, attempt, code, detail)
    ), open AS (
        UPDATE outbox o SET state = 'unconfirmed', owner = NULL, lease = NULL, searched_at = NULL
        FROM v WHERE o.message_id = v.message_id AND o.attempt = v.attempt AND o.state IN ('sending', 'unconfirmed')
        RETURNING o.message_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code, details)
        SELECT uuid7(), :tenant, v.message_id, 'unconfirmed', v.attempt, v.code, jsonb_build_object('detail', v.detail)
        FROM v JOIN open USING (message_id)
    )
    UPDATE messages m SET status = 'unconfirmed', error_code = v.code, error_message = v.detail,
        attempts = greatest(m.attempts, v.attempt)
    FROM v JOIN open USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3
    RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id
""")


def record(results: Sequence[Result], *, probe_in: float = 5.0, settle: float = 3.0) -> None:
    """All of one tenant, in one transaction. `probe_in`: seconds until a held number is looked at again;
    `settle`: seconds that echoes get to arrive before an unknown outcome is searched for."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda result: result.message_id):
        groups[result.outcome].append(result)
    with transaction():
        changed = [*_accept(groups["accepted"]), *_end(groups["refused"] + groups["cancelled"])]
        _requeue(groups["retry"] + groups["instance"])
        changed += _unknown(groups["unknown"])
        for instance_id, own in sorted(_by_instance(results).items()):
            _settle_instance(instance_id, own, probe_in, settle)
        _announce(changed, results)


def _accept(results: list[Result]) -> Sequence[Any]:
    if not results:
        return []
    with transaction() as session:
        rows = session.execute(
            _ACCEPT,
            {
                "tenant": current_actor().tenant_id,
                "messages": [str(r.message_id) for r in results],
                "instances": [str(r.instance_id) for r in results],
                "externals": [r.external_id for r in results],
                "attempts": [r.attempt for r in results],
                "times": [r.at for r in results],
            },
        ).all()
        learn_addresses([(r.contact_id, r.jid) for r in results if r.contact_id and r.jid and r.jid != r.known_jid])
        return rows


def _end(results: list[Result]) -> Sequence[Any]:
    if not results:
        return []
    with transaction() as session:
        rows = session.execute(
            _END,
            {
                "tenant": current_actor().tenant_id,
                "now": clock.now(),
                "messages": [str(r.message_id) for r in results],
                "statuses": ["failed" if r.outcome == "refused" else "cancelled" for r in results],
                **_reasons(results),
            },
        ).all()
        mark_unreachable([r.contact_id for r in results if r.contact_id and r.code == "not_on_whatsapp"])
        return rows


def _requeue(results: list[Result]) -> None:
    if not results:
        return
    with transaction() as session:
        session.execute(
            _REQUEUE,
            {
                "tenant": current_actor().tenant_id,
                "messages": [str(r.message_id) for r in results],
                "spent": [int(r.outcome == "retry") for r in results],
                "delays": [r.delay for r in results],
                **_reasons(results),
            },
        )


def _unknown(results: list[Result]) -> Sequence[Any]:
    if not results:
        return []
    with transaction() as session:
        return session.execute(
            _UNKNOWN,
            {
                "tenant": current_actor().tenant_id,
                "messages": [str(r.message_id) for r in results],
                **_reasons(results),
            },
        ).all()


def _reasons(results: list[Result]) -> dict[str, list[Any]]:
    return {
        "attempts": [r.attempt for r in results],
        "codes": [r.code for r in results],
        "details": [(r.detail or "")[:500] for r in results],
    }


def _by_instance(results: Sequence[Result]) -> dict[uuid.UUID, list[Result]]:
    groups: dict[uuid.UUID, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.instance_id].append(result)
    return groups


def _settle_instance(instance_id: uuid.UUID, results: list[Result], probe_in: float, settle: float) -> None:
    outcomes = {"accepted": "s", "refused": "f"}
    metrics.add(
        instance_id,
        sent=sum(r.outcome == "accepted" for r in results),
        failed=sum(r.outcome == "refused" for r in results),
    )
    brakes.note_outcomes(instance_id, "".join(outcomes.get(r.outcome, "") for r in sorted(results, key=lambda r: r.at)))
    trouble = next((r for r in results if r.outcome == "instance"), None)
    if any(r.outcome == "unknown" for r in results):
        holds.hold(instance_id, "verify", "", probe_in=settle)
    elif trouble:
        holds.hold(instance_id, trouble.code or "unavailable", trouble.detail or "", probe_in=trouble.delay or probe_in)


def _announce(changed: Sequence[Any], results: Sequence[Result]) -> None:
    if changed:
        emit("message.statuses", changes=[[str(row.id), row.status] for row in changed])
    for row in changed:
        if row.ticket_id:
            notify("message.status", message_id=row.id, ticket_id=row.ticket_id, status=row.status)
    for campaign_id in {r.campaign_id for r in results if r.campaign_id}:
        notify("campaign.progress", campaign_id=campaign_id)
