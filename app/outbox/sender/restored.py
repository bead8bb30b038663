"""After a backup was restored: what the original sent since then, by the gateway's own memory. Found is sent, and
leaves the queue; not found is no proof, and waits for a person.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from app.core import clock
from app.core.db import release
from app.gateways import gateway_for
from app.gateways.errors import GatewayError
from app.instances.rules import credentials_of
from app.outbox.sender.probe import LOOK_BACK, as_echo
from app.outbox.service import evidence, restored

FURTHEST = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """`problem`: why the gateway could not be asked."""

    name: str
    held: int
    sent: int = 0
    problem: str = ""


def search(read_seconds: float) -> list[Found]:
    """Each number of the acting company that holds something. No connection is held while a gateway answers."""
    return [_of_number(number, read_seconds) for number in restored.numbers_with_restored()]


def _of_number(number: restored.Number, read_seconds: float) -> Found:
    since = max(restored.suspect(number.id), clock.now() - FURTHEST)
    release()
    try:
        creds = credentials_of(number.external_name, number.credentials)
        found = gateway_for(number.provider, read_seconds=read_seconds).find_messages(
            creds, since - LOOK_BACK, clock.now() + LOOK_BACK
        )
    except (GatewayError, ValueError) as error:
        return Found(number.name, number.held, problem=str(error) or type(error).__name__)
    own = [as_echo(echo) for echo in found if echo.from_me]
    bound = _bind(number.id, own)
    return Found(number.name, number.held, bound)


def _bind(instance_id: uuid.UUID, own: list[dict[str, object]]) -> int:
    try:
        return evidence.bind(instance_id, own)
    finally:
        release()
