"""Evidence: echoes and searches that prove an unconfirmed message was sent. Not found is never proof."""

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core import clock
from app.core.context import current_actor
from app.core.db import transaction
from app.core.phone import from_jid
from app.outbox.rules import Proof, Unknown, match, signature
from app.outbox.service.results import Result, record

# Only what was typed by a person on a phone says so; the API's own messages look like a web client's.
TYPED_ON = {"ios", "android"}

# What waits for proof, what is on the wire this moment, and what a person decided to send again and has not gone yet.
_OPEN = text("""
    SELECT o.message_id, o.attempt, coalesce(o.started_at, o.unknown_at) AS started_at, o.recipient_key, o.contact_id,
        o.campaign_id, o.state = 'sending' AS is_open, m.type, m.body, f.file_name,
        ARRAY(SELECT CASE c.kind WHEN 'jid' THEN jid_key(c.value) ELSE c.value END FROM contact_identities c
            WHERE c.contact_id = living_contact(o.contact_id)) AS aliases
    FROM outbox o JOIN messages m ON m.id = o.message_id LEFT JOIN media f ON f.id = m.media_id
    WHERE o.instance_id = :instance
      AND (o.state IN ('sending', 'unconfirmed') OR o.unknown_at IS NOT NULL)
    ORDER BY 3, o.message_id
""")
_ECHOES = text("""
    SELECT external_id, echo, created_at FROM external_refs
    WHERE instance_id = :instance AND message_id IS NULL AND echo IS NOT NULL
""")
_PARK = text("""
    INSERT INTO external_refs AS r (instance_id, external_id, tenant_id, echo)
    SELECT :instance, x.external_id, :tenant, x.echo
    FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS x(external_id text, echo jsonb)
    ON CONFLICT (instance_id, external_id) DO UPDATE SET echo = coalesce(r.echo, excluded.echo)
        WHERE r.message_id IS NULL
""")
_BOUND = text("""
    SELECT external_id FROM external_refs
    WHERE instance_id = :instance AND external_id = ANY (cast(:ids AS text[])) AND message_id IS NOT NULL
""")
_SEARCHED = text("""
    UPDATE outbox SET searched_at = :now
    WHERE instance_id = :instance AND state = 'unconfirmed' AND started_at < :before
""")
_UNDECIDED = text("""
    SELECT DISTINCT o.instance_id FROM outbox o WHERE (o.state = 'unconfirmed' OR o.unknown_at IS NOT NULL)
        AND EXISTS (SELECT 1 FROM external_refs r WHERE r.instance_id = o.instance_id AND r.message_id IS NULL
            AND r.echo IS NOT NULL)
""")
_ON_THE_WIRE = text("SELECT EXISTS (SELECT 1 FROM outbox WHERE instance_id = :instance AND state = 'sending')")


def address_key(jid: str) -> str:
    """The canonical key of a chat address: the phone's key, or the address itself (@lid)."""
    phone = from_jid(jid)
    return phone.key if phone else jid


def park_echoes(instance_id: uuid.UUID, echoes: Sequence[dict[str, Any]]) -> None:
    """Remember messages of ours that the gateway told of: {external_id, jid, type, text, file_name, at, source}."""
    if not echoes:
        return
    rows = [
        {"external_id": echo["external_id"], "echo": echo} for echo in sorted(echoes, key=lambda e: e["external_id"])
    ]
    with transaction() as session:
        session.execute(
            _PARK,
            {"instance": instance_id, "tenant": current_actor().tenant_id, "rows": json.dumps(rows, default=str)},
        )


def bind(instance_id: uuid.UUID, found: Iterable[dict[str, Any]] = ()) -> int:
    """Bind unconfirmed messages of a number to parked echoes and to `found` (a search's answer). How many.

    Echoes are read before the rows, and what is bound already after them: a message that goes meanwhile is then seen
    on the wire or settled, and its echo is never given to another.
    """
    with transaction() as session:
        parked = session.execute(_ECHOES, {"instance": instance_id}).all()
        rows = session.execute(_OPEN, {"instance": instance_id}).all()
        if not any(not row.is_open for row in rows):
            return 0
        proofs = {echo["external_id"]: _proof(echo) for echo in found if echo.get("source") not in TYPED_ON}
        proofs |= {row.external_id: _proof(row.echo, row.created_at) for row in parked}
        bound = set(session.scalars(_BOUND, {"instance": instance_id, "ids": list(proofs)}))
        free = [proof for external_id, proof in proofs.items() if external_id not in bound]
        pairs = match(_unknowns(rows, {proof.recipient for proof in free}), free)
        if pairs:
            record(_as_results(instance_id, rows, pairs))
        return len(pairs)


def bind_all() -> int:
    """Look again at every number of the company: an echo may have come while a call like it was still open."""
    with transaction() as session:
        numbers = session.scalars(_UNDECIDED).all()
    return sum(bind(number) for number in numbers)


def mark_searched(instance_id: uuid.UUID, before: datetime) -> None:
    """`before`: when the search began; what went since was not looked for."""
    with transaction() as session:
        session.execute(_SEARCHED, {"instance": instance_id, "now": clock.now(), "before": before})


def is_on_the_wire(instance_id: uuid.UUID) -> bool:
    """Whether a call of this number has not answered yet; what it did is not known, so a search now is too early."""
    with transaction() as session:
        return bool(session.scalar(_ON_THE_WIRE, {"instance": instance_id}))


def oldest_unconfirmed(instance_id: uuid.UUID) -> datetime | None:
    with transaction() as session:
        return session.scalar(
            text("SELECT min(started_at) FROM outbox WHERE instance_id = :i AND state = 'unconfirmed'"),
            {"i": instance_id},
        )


def _unknowns(rows: Sequence[Any], proven: set[str]) -> list[Unknown]:
    """A person known by phone and lid may be echoed under either address."""
    unknowns = []
    for row in rows:
        aliases = [row.recipient_key, *row.aliases]
        recipient = next((alias for alias in aliases if alias in proven), row.recipient_key)
        sign = signature(row.type, row.body, row.file_name)
        unknowns.append(Unknown(str(row.message_id), recipient, sign, row.started_at, row.is_open))
    return unknowns


def _proof(echo: dict[str, Any], seen_at: datetime | None = None) -> Proof:
    at = echo.get("at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    sign = signature(echo.get("type") or "text", echo.get("text") or "", echo.get("file_name"))
    return Proof(echo["external_id"], address_key(echo["jid"]), sign, moment, seen_at)


def _as_results(instance_id: uuid.UUID, rows: Sequence[Any], pairs: Sequence[tuple[Unknown, Proof]]) -> list[Result]:
    by_id = {str(row.message_id): row for row in rows}
    results = []
    for unknown, proof in pairs:
        row = by_id[unknown.message_id]
        results.append(
            Result(
                message_id=row.message_id,
                tenant_id=current_actor().tenant_id,
                instance_id=instance_id,
                contact_id=row.contact_id,
                campaign_id=row.campaign_id,
                attempt=row.attempt,
                outcome="accepted",
                at=proof.at or row.started_at,
                external_id=proof.external_id,
            )
        )
    return results
