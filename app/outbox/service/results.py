"""Step 4: what the gateway answered, committed in batches. Every function may run twice."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.contacts.service.addresses import learn_addresses, mark_unreachable
from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit, notify, notify_many
from app.messages import metrics
from app.outbox.rules import RANK, Outcome
from app.outbox.service import brakes, holds
from app.outbox.service.result_sql import ACCEPT, END, REQUEUE, UNKNOWN

NO_BACKOFF = (5.0,)


@dataclass(frozen=True)
class Result:
    """One attempt's end. `delay` in seconds (retry); `seconds`: from the go to the answer; `jid` is the address that
    WhatsApp answered with."""

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
    seconds: float = 0.0


def record(results: Sequence[Result], *, probe_after: Sequence[float] = NO_BACKOFF, settle: float = 3.0) -> None:
    """All of one tenant, in one transaction. `probe_after`: seconds until a held number is looked at, growing while it
    keeps failing; `settle`: seconds that echoes get to arrive before an unknown outcome is searched for."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda result: (result.instance_id, result.external_id or "", result.message_id)):
        groups[result.outcome].append(result)
    with transaction():
        accepted, ended = _accept(groups["accepted"]), _end(groups["refused"] + groups["cancelled"])
        _requeue(groups["retry"] + groups["instance"] + groups["unsent"])
        unknown = _unknown(groups["unknown"])
        outcomes = []
        for instance_id in sorted({result.instance_id for result in results}):
            own = [result for result in results if result.instance_id == instance_id]
            outcomes.append(_count(instance_id, own, accepted, ended))
            _hold_if_ill(instance_id, own, probe_after, settle)
        brakes.note_outcomes(outcomes)
        _announce([*accepted, *ended, *unknown], results)


def _accept(results: list[Result]) -> Sequence[Any]:
    if not results:
        return []
    with transaction() as session:
        rows = session.execute(
            ACCEPT,
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
            END,
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
            REQUEUE,
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
            UNKNOWN,
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


def _count(
    instance_id: uuid.UUID, results: list[Result], accepted: Sequence[Any], ended: Sequence[Any]
) -> brakes.Outcomes:
    """Only what these results changed: one recorded twice, or found by a search before, counts once."""
    sent = [row for row in accepted if row.instance_id == instance_id and RANK.get(row.was, 0) < RANK["sent"]]
    failed = [row for row in ended if row.instance_id == instance_id and row.status == "failed"]
    refused = [row for row in sent if row.status == "failed"]  # its ERROR came before our own answer
    metrics.add(
        instance_id,
        sent=len(sent),
        failed=len(failed) + len(refused),
        delivered=sum(row.newly_delivered for row in sent),
        read=sum(row.newly_read for row in sent),
    )
    bad = {row.id for row in [*failed, *refused]}
    order = [r.message_id for r in sorted(results, key=lambda r: r.at)]
    counted = bad | {row.id for row in sent}
    return brakes.Outcomes(
        instance_id,
        "".join("f" if message_id in bad else "s" for message_id in order if message_id in counted),
        unacknowledged=sum(not row.is_acknowledged for row in sent),
        errors=len(refused),
    )


def _hold_if_ill(instance_id: uuid.UUID, results: list[Result], probe_after: Sequence[float], settle: float) -> None:
    trouble = next((r for r in results if r.outcome == "instance"), None)
    if any(r.outcome == "unknown" for r in results):
        holds.hold(instance_id, "verify", "", probe_in=settle, probe_after=probe_after)
    elif trouble:
        holds.hold(
            instance_id,
            trouble.code or "unavailable",
            trouble.detail or "",
            probe_in=trouble.delay,
            probe_after=probe_after,
        )


def _announce(changed: Sequence[Any], results: Sequence[Result]) -> None:
    announce(changed)
    for campaign_id in {r.campaign_id for r in results if r.campaign_id}:
        notify("campaign.progress", campaign_id=campaign_id)


def announce(changed: Sequence[Any]) -> None:
    """One fact for the batch; open conversations hear of each message."""
    if changed:
        emit("message.statuses", changes=[[str(row.id), row.status] for row in changed])
    heard = [row for row in changed if row.ticket_id]
    notify_many(("message.status", {"message_id": r.id, "ticket_id": r.ticket_id, "status": r.status}) for r in heard)
