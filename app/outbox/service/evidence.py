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

_OPEN = text("""
    SELECT o.message_id, o.attempt, o.started_at, o.recipient_key, o.contact_id, o.campaign_id, m.type, m.body,
        f.file_name,
        ARRAY(SELECT c.value FROM contact_identities c WHERE c.contact_id = o.contact_id AND c.kind IN ('lid', 'phone'))
            AS aliases
    FROM outbox o JOIN messages m ON m.id = o.message_id LEFT JOIN media f ON f.id = m.media_id
    WHERE o.instance_id = :instance AND o.state = 'unconfirmed' ORDER BY o.started_at, o.message_id
""")
_ECHOES = text("""
    SELECT external_id, echo FROM external_refs
    WHERE instance_id = :instance AND message_id IS NULL AND echo IS NOT NULL AND created_at >= :since
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
    UPDATE outbox SET searched_at = :now WHERE instance_id = :instance AND state = 'unconfirmed'
""")


def address_key(jid: str) -> str:
    """The canonical key of a chat address: the phone's key, or the address itself (@lid)."""
    phone = from_jid(jid)
    return phone.key if phone else jid


def park_echoes(instance_id: uuid.UUID, echoes: Sequence[dict[str, Any]]) -> None:
    """Remember messages of ours that the gateway told of: {external_id, jid, type, text, file_name, at, source}."""
    if not echoes:
        return
    rows = [{"external_id": echo["external_id"], "echo": echo} for echo in echoes]
    with transaction() as session:
        session.execute(
            _PARK,
            {"instance": instance_id, "tenant": current_actor().tenant_id, "rows": json.dumps(rows, default=str)},
        )


def bind(instance_id: uuid.UUID, found: Iterable[dict[str, Any]] = ()) -> int:
    """Bind unconfirmed messages of a number to parked echoes and to `found` (a search's answer). How many."""
    with transaction() as session:
        rows = session.execute(_OPEN, {"instance": instance_id}).all()
        if not rows:
            return 0
        since = min(row.started_at for row in rows)
        echoes = {
            row.external_id: row.echo for row in session.execute(_ECHOES, {"instance": instance_id, "since": since})
        }
        echoes.update({echo["external_id"]: echo for echo in found if echo.get("source") not in TYPED_ON})
        bound = set(session.scalars(_BOUND, {"instance": instance_id, "ids": list(echoes)}))
        proofs = [_proof(echo) for external_id, echo in echoes.items() if external_id not in bound]
        pairs = match(_unknowns(rows, {proof.recipient for proof in proofs}), proofs)
        if pairs:
            record(_as_results(instance_id, rows, pairs))
        return len(pairs)


def mark_searched(instance_id: uuid.UUID) -> None:
    with transaction() as session:
        session.execute(_SEARCHED, {"instance": instance_id, "now": clock.now()})


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
        unknowns.append(Unknown(str(row.message_id), recipient, sign, row.started_at))
    return unknowns


def _proof(echo: dict[str, Any]) -> Proof:
    at = echo.get("at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    sign = signature(echo.get("type") or "text", echo.get("text") or "", echo.get("file_name"))
    return Proof(echo["external_id"], address_key(echo["jid"]), sign, moment)


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
