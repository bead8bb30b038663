"""The steps taken by hand, as a sender takes them, and rows as a campaign writes them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Row

from app.core import ids
from app.core.context import current_actor
from app.core.db import transaction
from app.extensions import db
from app.outbox import pacing
from app.outbox.models import Lane
from app.outbox.sender.store import Store
from app.outbox.service import open_lanes
from tests.factories import make_contact

TODAY = datetime(2026, 3, 2, tzinfo=UTC).date()


class Desk(Store):
    """A sender without threads: pick, claim and go when told to."""

    def __init__(self, me: str = "desk", lease: float = 30.0) -> None:
        super().__init__(db.engine, me, lease)
        self.me = me
        self.stamps: dict[uuid.UUID, datetime] = {}

    def take(self, number: uuid.UUID, want: int = 1, limit: int = 1000, **rest: Any) -> list[Row[Any]]:
        """Drive the number and claim."""
        self.stamps |= {row.instance_id: row.stamp for row in self.pick()}
        values = {"open_s": 120.0, "open_high_s": 60.0, "high_only": False} | rest
        return list(self.claim(number, want=want, limit=limit, **values))

    def start(self, claim: Row[Any], **changes: Any) -> str:
        return self.ask(claim, **changes)[0]

    def ask(self, claim: Row[Any], **changes: Any) -> tuple[str, float, float]:
        values = {
            "stamp": self.stamps[claim.instance_id],
            "lane_stamp": claim.lane_stamp,
            "min_gap": 0.0,
            "gap": 0.0,
            "slack": 0.0,
            "cap": None,
            "lane_cap": None,
            "today": TODAY,
            "open_until": pacing.FOREVER,
            "batch": 1,
        } | changes
        return self.go(claim.message_id, claim.attempt, **values)

    def send_all(self, number: uuid.UUID, count: int) -> list[Row[Any]]:
        """One after the other, each answered before the next: who went, in order."""
        went = []
        for _ in range(count):
            for claim in self.take(number):
                assert self.start(claim) == "go"
                went.append(claim)
                sql("DELETE FROM outbox WHERE message_id = :m", m=claim.message_id)
        return went


def sql(statement: str, **values: Any) -> Any:
    """One statement, committed; its rows, or how many it changed."""
    with transaction() as session:
        result = session.execute(text(statement), values)
        return result.all() if result.returns_rows else result.rowcount


def queue(
    number: uuid.UUID,
    count: int = 1,
    *,
    lane: Lane = Lane.NORMAL,
    contact: uuid.UUID | None = None,
    campaign: uuid.UUID | None = None,
    body: str = "Oi",
) -> list[uuid.UUID]:
    """Messages to people of their own, or all to one."""
    made = []
    for n in range(count):
        person = contact or make_contact(f"Cliente {n}").id
        key = sql("SELECT value FROM contact_identities WHERE contact_id = :c ORDER BY kind DESC LIMIT 1", c=person)[0][
            0
        ]
        message = ids.new_id()
        values = {
            "m": message, "t": current_actor().tenant_id, "i": number, "c": person, "k": key, "g": campaign,
            "l": int(Lane.LOW if campaign else lane), "b": body, "s": "campaign" if campaign else "api",
        }  # fmt: skip
        sql("""INSERT INTO messages (id, tenant_id, instance_id, contact_id, campaign_id, direction, sender_type, body,
            recipient_key, status) VALUES (:m, :t, :i, :c, :g, 'outbound', :s, :b, :k, 'queued')""", **values)  # fmt: skip
        sql("""INSERT INTO outbox (message_id, tenant_id, instance_id, contact_id, campaign_id, recipient_key, lane)
            VALUES (:m, :t, :i, :c, :g, :k, :l)""", **values)  # fmt: skip
        if campaign:
            sql("""INSERT INTO campaign_recipients (campaign_id, recipient_key, tenant_id, contact_id, message_id)
                VALUES (:g, :k, :t, :c, :m)""", **values)  # fmt: skip
        made.append(message)
    return made


def new_campaign(numbers: Sequence[uuid.UUID], **pace: Any) -> uuid.UUID:
    """A campaign that sends on these numbers."""
    campaign = ids.new_id()
    sql("INSERT INTO campaigns (id, tenant_id, name, status) VALUES (:id, :t, 'Ensaio', 'sending')",
        id=campaign, t=current_actor().tenant_id)  # fmt: skip
    for number in numbers:
        sql("INSERT INTO campaign_instances (campaign_id, instance_id, tenant_id) VALUES (:id, :i, :t)",
            id=campaign, i=number, t=current_actor().tenant_id)  # fmt: skip
    open_lanes(campaign, list(numbers), pace)
    return campaign


def outbox(message: uuid.UUID) -> Row[Any] | None:
    rows = sql("SELECT * FROM outbox WHERE message_id = :m", m=message)
    return rows[0] if rows else None


def message(message_id: uuid.UUID) -> Row[Any]:
    return sql("SELECT * FROM messages WHERE id = :m", m=message_id)[0]


def pace_of(number: uuid.UUID) -> Row[Any]:
    return sql("SELECT * FROM instance_pace WHERE instance_id = :i", i=number)[0]
