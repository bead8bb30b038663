"""Decisions of the send queue: retries, brakes, and which echo proves which message. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

RANK = {"queued": 0, "held": 0, "cancelled": 0, "sending": 1, "unconfirmed": 2, "sent": 3, "failed": 4,
        "delivered": 5, "read": 6, "played": 7}  # fmt: skip
WINDOW = 50
FAILURES_IN_A_ROW = 10
FAILURE_SHARE = 0.30
ERROR_RUN = 5
UNACKED = 20
CLOCK_SKEW = timedelta(minutes=2)

# `unsent`: the go may have been committed, and no call was made. `instance`: the whole number is in trouble.
Outcome = Literal["accepted", "refused", "retry", "instance", "unsent", "unknown", "cancelled"]


def better(left: str, right: str) -> str:
    """The status that stands when both were seen: receipts only move up."""
    return right if RANK.get(right, 0) > RANK.get(left, 0) else left


def retry_delay(tries: int, ladder: Sequence[float]) -> float | None:
    """Seconds before the next attempt after `tries` spent ones; None when they are used up."""
    return ladder[tries] if tries < len(ladder) else None


def probe_delay(tries: int, ladder: Sequence[float]) -> float:
    return ladder[min(tries, len(ladder) - 1)]


def refused_later(recent: str, count: int) -> str:
    """Messages that were accepted and then refused: the newest successes were failures."""
    for _ in range(count):
        at = recent.rfind("s")
        recent = recent + "f" if at < 0 else recent[:at] + "f" + recent[at + 1 :]
    return recent[-WINDOW:]


def brake_reason(recent: str, error_run: int) -> str | None:
    """Why the campaigns of a number must stop by themselves, if they must."""
    if error_run >= ERROR_RUN:
        return "error_receipts"
    if recent.endswith("f" * FAILURES_IN_A_ROW):
        return "failures_in_a_row"
    if len(recent) >= WINDOW and recent.count("f") / len(recent) >= FAILURE_SHARE:
        return "failure_share"
    return None


@dataclass(frozen=True)
class Unknown:
    """A message that was started and whose outcome nobody reported; `is_open`: its own call has not answered yet."""

    message_id: str
    recipient: str
    signature: str
    started_at: datetime
    is_open: bool = False


@dataclass(frozen=True)
class Proof:
    """One of our own messages as the gateway remembers it, not yet bound to a row. `at` by the gateway's clock,
    `seen_at` by ours (when its echo came)."""

    external_id: str
    recipient: str
    signature: str
    at: datetime | None
    seen_at: datetime | None = None


def signature(kind: str, text: str, file_name: str | None) -> str:
    """Text, or type + caption + file name; spaces at the ends don't survive every gateway, names only on documents."""
    name = (file_name or "document") if kind == "document" else ""
    return text.strip() if kind == "text" else f"{kind}|{text.strip()}|{name}"


def match(unknowns: Iterable[Unknown], proofs: Iterable[Proof]) -> list[tuple[Unknown, Proof]]:
    """Bind proofs to unknowns of the same recipient and content, in time order; each proof once, none before its go.

    While a call of the same content to the same person has not answered, the proof may be its own: nothing is bound.
    """
    waiting: dict[tuple[str, str], list[Proof]] = defaultdict(list)
    for proof in sorted(proofs, key=_order):
        waiting[proof.recipient, proof.signature].append(proof)
    told = sorted(unknowns, key=lambda unknown: (unknown.started_at, unknown.message_id))
    undecided = {(unknown.recipient, unknown.signature) for unknown in told if unknown.is_open}
    pairs = []
    for unknown in told:
        key = (unknown.recipient, unknown.signature)
        found = next((proof for proof in waiting[key] if _could_be(proof, unknown)), None)
        if found and key not in undecided:
            waiting[key].remove(found)
            pairs.append((unknown, found))
    return pairs


def _order(proof: Proof) -> tuple[bool, float, str]:
    at = proof.at or proof.seen_at
    return at is None, at.timestamp() if at else 0.0, proof.external_id


def _could_be(proof: Proof, unknown: Unknown) -> bool:
    if proof.seen_at is not None and proof.seen_at < unknown.started_at:
        return False
    return proof.at is None or proof.at >= unknown.started_at - CLOCK_SKEW
