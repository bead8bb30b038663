"""A campaign's numbers from one GROUP BY: queued + left + failed + unconfirmed + cancelled = total, always."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

_LEFT = ("sent", "delivered", "read", "played")


@dataclass(frozen=True)
class Figures:
    queued: int = 0
    sent: int = 0  # all that left: delivered and read included
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    unconfirmed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.queued + self.sent + self.failed + self.unconfirmed + self.cancelled

    @property
    def done(self) -> int:
        return self.total - self.queued

    @property
    def delivery_rate(self) -> float:
        return _share(self.delivered, self.sent)

    @property
    def read_rate(self) -> float:
        return _share(self.read, self.sent)

    @property
    def reply_rate(self) -> float:
        return _share(self.replied, self.sent)


@dataclass(frozen=True)
class Stats:
    """What `GET campaigns/{id}/stats` answers."""

    campaign_id: str
    status: str
    figures: Figures
    excluded: Mapping[str, int] = field(default_factory=dict)
    estimated_completion: datetime | None = None


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def figures(rows: Iterable[tuple[str, int, int]]) -> Figures:
    """`rows`: message status, how many, how many of them were answered."""
    counts: dict[str, int] = {}
    replied = 0
    for status, count, answered in rows:
        counts[status] = counts.get(status, 0) + count
        replied += answered
    read = counts.get("read", 0) + counts.get("played", 0)
    delivered = counts.get("delivered", 0) + read
    return Figures(
        queued=sum(counts.get(status, 0) for status in ("queued", "sending", "held")),
        sent=counts.get("sent", 0) + delivered,
        delivered=delivered,
        read=read,
        replied=replied,
        failed=counts.get("failed", 0),
        unconfirmed=counts.get("unconfirmed", 0),
        cancelled=counts.get("cancelled", 0),
    )
