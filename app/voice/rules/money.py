"""What speaking costs, by a table with dates, and how much of a month's budget is gone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

MILLION = Decimal(1_000_000)
WARN_AT, STOP_AT = 80, 100
LOW_RATE, LEAST_REQUESTS = 0.60, 50  # a rate of fewer requests says nothing


@dataclass(frozen=True)
class Price:
    """US dollars for a million characters, from a day on. `voice_class` `*` is every other one of the provider."""

    provider: str
    voice_class: str
    since: date
    usd_per_million: Decimal


# The providers' public lists, without their free quotas. TTS_PRICES replaces the table. Amazon's were compared with its
# page of October 2026; of Google and Azure only what others wrote in 2024-2026 was at hand, and where they disagree
# (WaveNet at 4 or 16, Azure beyond its neural voices) the dearer one stands: a budget ends too early, never late.
DEFAULT = (
    ("google", "standard", "2020-01-01", "4"),
    ("google", "wavenet", "2020-01-01", "16"),
    ("google", "neural2", "2022-01-01", "16"),
    ("google", "polyglot", "2023-01-01", "16"),
    ("google", "chirp", "2025-01-01", "30"),
    ("google", "studio", "2023-01-01", "160"),
    ("google", "*", "2020-01-01", "30"),
    ("amazon", "standard", "2020-01-01", "4"),
    ("amazon", "neural", "2020-01-01", "16"),
    ("amazon", "generative", "2024-05-01", "30"),
    ("amazon", "long-form", "2023-11-01", "100"),
    ("amazon", "*", "2020-01-01", "30"),
    ("azure", "neural", "2020-01-01", "16"),
    ("azure", "*", "2020-01-01", "30"),
    ("local", "*", "2020-01-01", "0"),
)


def read_prices(raw: str) -> tuple[Price, ...]:
    """`[{"provider", "voice_class", "since", "usd_per_million"}, …]`; empty = the default. Raises ValueError."""
    rows: Iterable[Sequence[Any]] = DEFAULT
    if raw.strip():
        try:
            names = ("provider", "voice_class", "since", "usd_per_million")
            rows = [[one[name] for name in names] for one in json.loads(raw)]
        except (KeyError, TypeError) as error:
            raise ValueError("each price needs provider, voice_class, since and usd_per_million") from error
    return tuple(_price(*row) for row in rows)


def _price(provider: str, voice_class: str, since: str, usd: object) -> Price:
    try:
        amount = Decimal(str(usd))
    except InvalidOperation as error:
        raise ValueError(f"{usd!r} is no price") from error
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{usd!r} is no price")
    return Price(provider, voice_class.lower(), date.fromisoformat(since), amount)


def price_of(prices: Iterable[Price], provider: str, voice_class: str, on: date) -> Decimal:
    """The newest of its class that began by then, else of the provider's `*`; an unknown one is free of charge."""
    known = [one for one in prices if one.provider == provider and one.since <= on]
    for wanted in (voice_class.lower(), "*"):
        if of_class := [one for one in known if one.voice_class == wanted]:
            return max(of_class, key=lambda one: one.since).usd_per_million
    return Decimal(0)


def cost(characters: int, usd_per_million: Decimal) -> Decimal:
    return usd_per_million * characters / MILLION


def month_of(day: date) -> date:
    return day.replace(day=1)


def per_cent(spent: Decimal, budget: Decimal | None) -> int | None:
    """None without a budget; a budget of nothing is used up."""
    if budget is None:
        return None
    return int(spent * 100 / budget) if budget else STOP_AT


def to_tell(used: int | None, told: int) -> int | None:
    """80 or 100 when people should hear of it now, and were not told before."""
    reached = next((mark for mark in (STOP_AT, WARN_AT) if used is not None and used >= mark), 0)
    return reached if reached > told else None


def is_low(hits: int, requests: int) -> bool:
    return requests >= LEAST_REQUESTS and hits / requests < LOW_RATE


@dataclass(frozen=True)
class Budget:
    """Of one month, in US dollars; `monthly` None = no bound."""

    monthly: Decimal | None
    spent: Decimal
    is_lifted: bool

    @property
    def percent(self) -> int | None:
        return per_cent(self.spent, self.monthly)

    @property
    def is_used_up(self) -> bool:
        return (self.percent or 0) >= STOP_AT and not self.is_lifted
