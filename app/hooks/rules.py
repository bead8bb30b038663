"""Events, signatures and waits of outgoing webhooks; pure."""

import base64
import hashlib
import hmac
import random
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

TEST = "webhook.test"
EVENTS = (
    *("message.received", "message.status"),
    *("ticket.created", "ticket.changed"),
    *("campaign.created", "campaign.launched", "campaign.changed", "campaign.completed", "campaign.deleted"),
    *("instance.created", "instance.connected", "instance.disconnected", "instance.changed", "instance.deleted"),
    *("instance.held", "instance.released", "instance.braked", "instance.silent"),
    *("contact.created", "contact.updated", "contact.merged", "contact.unmerged", "contact.blocked"),
    *("alert.opened", "alert.resolved"),
    *("contact.unblocked", "contact.opted_in", "contact.opted_out", "contact.bulk_changed", "contact.imported"),
)
KINDS = ("message", "ticket", "campaign", "instance", "contact", "alert")
CHOICES = (*(f"{kind}.*" for kind in KINDS), *EVENTS)
# Facts that become events, beyond those of the same name.
OTHER_FACTS = ("message.statuses", "contacts.changed", "import.completed")

SECRET_PREFIX = "whsec_"
MOST_PER_COMPANY = 20
TIMEOUT = 10.0
KEPT_ANSWER = 2000  # characters of a receiver's answer
KEPT_TRIES = 12
FAST_TRIES, FAST_GAP, GIVE_UP_HOURS = 3, 5.0, 24.0
FIRST_LONG, LONGEST = 30.0, 4 * 3600.0
TRIPPED = 5  # failures in a row, of any delivery, from which the address is only probed
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,}={0,2}")
# What personal parts of a payload ask of whoever answers for the address.
TEXTS, PEOPLE = "inbox.all", "contacts.read"
SIGHTS = (TEXTS, PEOPLE)


@dataclass(frozen=True)
class Retry:
    """`tries` quick ones `gap` seconds apart, then longer and longer waits until `give_up` hours have passed."""

    tries: int = FAST_TRIES
    gap: float = FAST_GAP
    give_up: float = GIVE_UP_HOURS

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Retry":
        return cls(
            int(config.get("quick_tries", FAST_TRIES)),
            float(config.get("quick_gap_s", FAST_GAP)),
            float(config.get("give_up_after_h", GIVE_UP_HOURS)),
        )

    @property
    def patience(self) -> timedelta:
        return timedelta(hours=self.give_up)

    def wait(self, attempts: int, rng: random.Random, asked: float | None = None) -> float:
        """Seconds after that many tries. `asked`: the receiver's Retry-After, believed up to an hour."""
        if asked is not None:
            return max(self.gap, min(asked, 3600.0))
        if attempts < self.tries:
            return self.gap
        doubled = min(LONGEST, FIRST_LONG * 2 ** min(attempts - self.tries, 20))
        return doubled * rng.uniform(0.75, 1.25)


def probe_wait(failures: int, rng: random.Random) -> float | None:
    """How long an address that failed so often in a row is left alone; None: not at all."""
    if failures < TRIPPED:
        return None
    return min(1800.0, 5.0 * 2 ** min(failures - TRIPPED, 12)) * rng.uniform(0.75, 1.25)


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(value: str) -> bool:
    """`whsec_` and 24 to 64 bytes in base64, as Standard Webhooks asks."""
    if not _SECRET.fullmatch(value):
        return False
    try:
        return 24 <= len(_key(value)) <= 64
    except ValueError:
        return False


def sign(secret: str, message_id: str, timestamp: int, body: str) -> str:
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def retry_after(value: str) -> float | None:
    """Seconds; a date or nonsense is nobody's wish."""
    return float(value) if re.fullmatch(r"\d{1,6}", value.strip()) else None


def events_of(chosen: list[str]) -> list[str]:
    """Without those that a `kind.*` beside them covers; in the order of the list."""
    return [name for name in CHOICES if name in chosen and (name.endswith(".*") or f"{kind(name)}.*" not in chosen)]


def kind(event: str) -> str:
    return event.partition(".")[0]
