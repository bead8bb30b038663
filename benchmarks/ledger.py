"""Messages that already left, and the events a gateway tells about them: seeded by COPY."""

import hashlib
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core import ids
from benchmarks import seeds
from benchmarks.common import Stack
from tests.factories import Company

_MESSAGE = ("id", "tenant_id", "instance_id", "contact_id", "direction", "sender_type", "body", "recipient_key",
            "external_id", "status", "attempts", "thread_at", "sent_at")  # fmt: skip
_REF = ("instance_id", "external_id", "tenant_id", "message_id", "best_status")
_EVENT = ("id", "tenant_id", "instance_id", "body", "body_hash")
STEPS = ("SERVER_ACK", "DELIVERY_ACK", "READ")


@dataclass(frozen=True)
class Line:
    """One number with people it writes to; `phones` in the order of `people`."""

    company: Company
    number: uuid.UUID
    people: list[uuid.UUID]
    phones: list[str]


def make_line(stack: Stack, people: int, *, start: int = 0) -> Line:
    company, number = seeds.company_with_number()
    phones = [seeds.phone_of(start + n) for n in range(people)]
    return Line(company, number, seeds.make_people(stack, company, people, start=start), phones)


def send(stack: Stack, line: Line, count: int) -> list[str]:
    """So many messages accepted by the gateway; their ids there."""
    now, tag = datetime.now(UTC), uuid.uuid4().hex[:10].upper()
    rows = [(ids.new_id(), n % len(line.people), f"3EB0{tag}{n:08d}") for n in range(count)]
    tenant, number = line.company.tenant_id, line.number
    messages = (
        (row_id, tenant, number, line.people[who], "outbound", "campaign", f"Oi, cliente {who}! Promoção só hoje.",
         line.phones[who], external, "sent", 1, now, now)
        for row_id, who, external in rows
    )  # fmt: skip
    seeds.copy(stack, "messages", _MESSAGE, messages)
    refs = ((number, external, tenant, row_id, "sent") for row_id, _who, external in rows)
    seeds.copy(stack, "external_refs", _REF, refs)
    return [external for _row_id, _who, external in rows]


def receipts(externals: Sequence[str], rng: random.Random) -> list[tuple[str, str]]:
    """Three per message, in no order at all."""
    told = [(external, step) for external in externals for step in STEPS]
    rng.shuffle(told)
    return told


def mixed(line: Line, externals: Sequence[str], words: int, rng: random.Random) -> list[bytes]:
    """Receipts and customers' texts as they come from the wire; every tenth customer is new."""
    at, phones = int(time.time()), line.phones
    bodies = [seeds.receipt(external, rng.choice(phones), step) for external, step in receipts(externals, rng)]
    for n in range(words):
        phone = f"55219{rng.randrange(70_000_000, 79_999_999)}" if n % 10 == 0 else rng.choice(phones)
        bodies.append(seeds.inbound(f"3A{uuid.uuid4().hex[:18].upper()}", phone, at, f"Quanto custa o número {n}?"))
    rng.shuffle(bodies)
    return bodies


def store(stack: Stack, line: Line, bodies: Sequence[bytes]) -> None:
    """As the webhook's door would have, one by one."""
    tenant = line.company.tenant_id
    rows = ((ids.new_id(), tenant, line.number, _hex(body), _hex(hashlib.sha256(body).digest())) for body in bodies)
    seeds.copy(stack, "inbound_events", _EVENT, rows)


def _hex(raw: bytes) -> str:
    return "\\\\x" + raw.hex()
