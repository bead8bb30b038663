"""What the calls came to: settled, tried again later, given up, or the whole address paused."""

import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask_babel import gettext as _
from sqlalchemy import select, text

from app.accounts.service.mail import post_to_admins
from app.core import clock, mailing
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit
from app.core.letters import Words
from app.hooks.models import Webhook
from app.hooks.rules import KEPT_TRIES, TEST, Retry, probe_wait

GONE = 410
_SETTLE = text("""
    UPDATE webhook_deliveries d SET state = n.state, owner = NULL, lease = NULL,
        next_at = coalesce(n.next_at, d.next_at),
        settled_at = CASE WHEN n.state IN ('delivered', 'failed') THEN now() END,
        log = CASE WHEN jsonb_array_length(d.log) >= :kept THEN d.log - 0 ELSE d.log END || cast(n.try AS jsonb)
    FROM unnest(cast(:ids AS uuid[]), cast(:states AS text[]), cast(:times AS timestamptz[]), cast(:tries AS text[]))
        AS n(id, state, next_at, try)
    WHERE d.id = n.id AND d.state = 'sending' AND d.owner = :me
    RETURNING d.webhook_id, d.key, d.seq, d.state, d.next_at
""")
# What is behind a failed one in its order waits as long; it isn't looked at meanwhile.
_WAIT_BEHIND = text("""
    UPDATE webhook_deliveries d SET next_at = n.next_at
    FROM unnest(cast(:hooks AS uuid[]), cast(:keys AS uuid[]), cast(:seqs AS bigint[]), cast(:times AS timestamptz[]))
        AS n(webhook_id, key, seq, next_at)
    WHERE d.webhook_id = n.webhook_id AND d.key = n.key AND d.seq > n.seq AND d.state = 'pending'
        AND d.next_at < n.next_at
""")


@dataclass(frozen=True)
class Outcome:
    """One call. `status` is None when there was no answer; `answer` is the beginning of what was answered."""

    delivery_id: uuid.UUID
    tenant_id: uuid.UUID
    webhook_id: uuid.UUID
    event: str
    attempt: int
    first_at: datetime
    at: datetime
    ms: int
    status: int | None = None
    error: str = ""
    answer: str = ""
    asked: float | None = None  # seconds of Retry-After

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def entry(self) -> str:
        row = {"attempt": self.attempt, "at": self.at, "ms": self.ms, "status": self.status}
        row |= {"error": self.error, "answer": self.answer}
        return orjson.dumps(row, option=orjson.OPT_UTC_Z).decode()


def record(outcomes: Sequence[Outcome], me: str, rng: random.Random | None = None) -> None:
    """Of one company, in the order they came in; one commit."""
    rng = rng or random.Random()
    by_hook: dict[uuid.UUID, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_hook[outcome.webhook_id].append(outcome)
    with transaction() as session:
        mine = select(Webhook).where(Webhook.tenant_id == current_actor().tenant_id, Webhook.id.in_(sorted(by_hook)))
        hooks = session.scalars(mine.order_by(Webhook.id).with_for_update(key_share=True)).all()
        settled = [(one, *_judge(hook, one, rng)) for hook in hooks for one in by_hook[hook.id]]
        _settle(settled, me)


def _judge(hook: Webhook, outcome: Outcome, rng: random.Random) -> tuple[str, datetime | None]:
    """The delivery's next state and time; the address's own figures change along."""
    hook.last_called_at, hook.last_status, hook.last_ms = outcome.at, outcome.status, outcome.ms
    if outcome.event == TEST:
        return ("delivered" if outcome.is_good else "failed"), None
    if outcome.is_good:
        hook.failures, hook.failing_since, hook.retry_at = 0, None, None
        return "delivered", None
    now, retry = clock.now(), Retry.of(hook.retry_config)
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    wait = probe_wait(hook.failures, rng)
    hook.retry_at = now + timedelta(seconds=wait) if wait else None
    if outcome.status == GONE or now - hook.failing_since >= retry.patience:
        _pause(hook, "gone" if outcome.status == GONE else "dead")
        return "pending", now
    if now - outcome.first_at >= retry.patience:
        return "failed", None
    return "pending", now + timedelta(seconds=retry.wait(outcome.attempt, rng, outcome.asked))


def _pause(hook: Webhook, reason: str) -> None:
    """Nothing is thrown away: what comes is recorded and waits until a person resumes."""
    if hook.paused_at is None:
        hook.paused_at, hook.paused_reason = clock.now(), reason
        emit("webhook.paused", webhook_id=hook.id, reason=reason)
        post_to_admins(lambda: _letter(hook))


def _letter(hook: Webhook) -> Words:
    why = (
        _("O endereço respondeu que não existe mais (410).")
        if hook.paused_reason == "gone"
        else _("Nenhuma resposta boa por tempo demais.")
    )
    return Words(
        _("Um webhook do Recado parou"),
        [hook.description or hook.url, why, _("Nada se perde: o que acontece fica guardado por 30 dias.")],
        (_("Ver o webhook"), mailing.link(f"/settings/webhooks/{hook.id}")),
    )


def _settle(settled: Sequence[tuple[Outcome, str, datetime | None]], me: str) -> None:
    values: dict[str, Any] = {
        "me": me,
        "kept": KEPT_TRIES,
        "ids": [str(one.delivery_id) for one, _state, _at in settled],
        "states": [state for _one, state, _at in settled],
        "times": [at for _one, _state, at in settled],
        "tries": [one.entry() for one, _state, _at in settled],
    }
    with transaction() as session:
        waiting = [row for row in session.execute(_SETTLE, values).all() if row.state == "pending"]
        if waiting:
            behind = {
                "hooks": [str(row.webhook_id) for row in waiting],
                "keys": [str(row.key) for row in waiting],
                "seqs": [row.seq for row in waiting],
                "times": [row.next_at for row in waiting],
            }
            session.execute(_WAIT_BEHIND, behind)
