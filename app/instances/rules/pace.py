"""How fast one number sends: what may be set, how stored settings are read, what a careful colleague would say of them.

When the next message may go is `outbox.pacing`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _

from app.core.errors import FieldError, Invalid

FASTEST_HUMAN_MS = 900
MAX_GAP_MS = 3_600_000
NEW_FOR = timedelta(days=14)
DAYS = range(1, 8)  # ISO: Monday is 1
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Hours:
    """Open from `start` to `end` on `days` (ISO: 1 = Monday), in local time."""

    start: time
    end: time
    days: frozenset[int]


@dataclass(frozen=True)
class WarmUp:
    """A new number's ramp: `start` messages on its first day, times `growth` each day after."""

    start: int
    growth: float = 1.5


@dataclass(frozen=True)
class Pace:
    """Gaps in milliseconds, the batch pause in seconds, the cap in goes per local day. Batches of 0: no pauses."""

    delay_min_ms: int = FASTEST_HUMAN_MS
    delay_max_ms: int = 1400
    batch_size: int = 100
    batch_pause_s: float = 30
    daily_cap: int | None = None
    hours: Hours | None = None
    warm_up: WarmUp | None = None


OVERRIDABLE = frozenset(("delay_min_ms", "delay_max_ms", "batch_size", "batch_pause_s", "hours"))
LIMITS = {
    "delay_min_ms": (0, MAX_GAP_MS),
    "delay_max_ms": (0, MAX_GAP_MS),
    "batch_size": (0, 100_000),
    "batch_pause_s": (0, 86_400),
    "daily_cap": (0, 1_000_000),
}
_NAMES = (*LIMITS, "hours", "warm_up")


def read_pace(settings: Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None) -> Pace:
    """A number's pace with a campaign's overrides; what is unset has its default, what a later version wrote is left
    alone. The cap and the ramp stay the number's own.

    Whoever asks for no gap at all and names no batch pause gets none: the default pause belongs to the human pace.
    """
    settings = settings or {}
    own = {key: value for key, value in (overrides or {}).items() if key in OVERRIDABLE and value is not None}
    merged = {**settings, **own}
    minimum = int(_value(merged, "delay_min_ms", Pace.delay_min_ms))
    longest = int(_value(merged, "delay_max_ms", Pace.delay_max_ms))
    return Pace(
        delay_min_ms=minimum,
        delay_max_ms=max(minimum, longest),
        batch_size=int(_value(merged, "batch_size", Pace.batch_size)),
        batch_pause_s=float(_value(merged, "batch_pause_s", Pace.batch_pause_s if longest else 0)),
        daily_cap=settings.get("daily_cap") or None,  # 0: none
        hours=read_hours(merged.get("hours")),
        warm_up=_warm_up(settings.get("warm_up")),
    )


def read_hours(raw: Mapping[str, Any] | None) -> Hours | None:
    if not raw:
        return None
    return Hours(
        time.fromisoformat(raw["start"]),
        time.fromisoformat(raw["end"]),
        frozenset(int(day) for day in raw.get("days") or DAYS),
    )


def _warm_up(raw: Mapping[str, Any] | None) -> WarmUp | None:
    return WarmUp(int(raw["start"]), float(raw.get("growth", WarmUp.growth))) if raw else None


def _given(settings: Mapping[str, Any], key: str) -> bool:
    return settings.get(key) is not None


def _value(settings: Mapping[str, Any], key: str, default: float) -> Any:
    return settings[key] if _given(settings, key) else default


def problems(settings: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with settings that came from outside: field → code (range, order, warm_up, hours)."""
    found = {
        key: "range"
        for key, (low, high) in LIMITS.items()
        if _given(settings, key) and not (_is_number(settings[key]) and low <= settings[key] <= high)
    }
    if not found and _value(settings, "delay_min_ms", 0) > _value(settings, "delay_max_ms", MAX_GAP_MS):
        found["delay_max_ms"] = "order"
    if _given(settings, "warm_up") and not _valid_warm_up(settings["warm_up"]):
        found["warm_up"] = "warm_up"
    if _given(settings, "hours") and not _valid_hours(settings["hours"]):
        found["hours"] = "hours"
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _valid_warm_up(raw: Any) -> bool:
    if not isinstance(raw, Mapping):
        return False
    start, growth = raw.get("start"), raw.get("growth", WarmUp.growth)
    return _is_number(start) and _is_number(growth) and 1 <= start <= 10_000 and 1 < growth <= 5


def _valid_hours(raw: Any) -> bool:
    """Empty means at any time. Local clock times only: one with seconds or a zone has no meaning here."""
    if not raw:
        return isinstance(raw, Mapping)
    try:
        hours = read_hours(raw)
        clocks = all(_CLOCK.fullmatch(raw[name]) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return (
        hours is not None and clocks and hours.start < hours.end and raw.get("days") != [] and hours.days <= set(DAYS)
    )


def clean_pace(given: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`before` with the given fields changed; None puts a field back to its default. Raises Invalid."""
    merged = {**(before or {}), **{name: value for name, value in given.items() if name in _NAMES}}
    merged = {name: value for name, value in merged.items() if value is not None}
    errors = [FieldError(f"pace.{key}", pace_words(key, code)) for key, code in problems(merged).items()]
    if errors:
        raise Invalid(errors=errors)
    return merged


def pace_words(key: str, code: str) -> str:
    """What to do about a problem."""
    if code == "order":
        return _("O intervalo máximo não pode ser menor que o mínimo.")
    if code == "hours":
        return _("Informe início e fim (início antes do fim) e pelo menos um dia.")
    if code == "warm_up":
        return _("Informe quantas mensagens no primeiro dia.")
    low, high = LIMITS[key]
    return _("Use um número inteiro de %(low)s a %(high)s.", low=low, high=high)


def is_new_number(first_go_at: datetime | None, now: datetime) -> bool:
    return first_go_at is None or now - first_go_at < NEW_FOR


def pace_warnings(pace: Pace, *, is_new: bool) -> list[str]:
    """What a careful colleague would say; nothing here forbids."""
    found = []
    if pace.delay_min_ms < FASTEST_HUMAN_MS:
        found.append(_("Abaixo de 900 ms entre mensagens o WhatsApp pode bloquear este número."))
    if pace.delay_max_ms - pace.delay_min_ms < 200:
        found.append(_("Um intervalo quase fixo parece robô: deixe pelo menos 200 ms entre mínimo e máximo."))
    if is_new and not (pace.warm_up and pace.daily_cap):
        found.append(_("Número novo: ligue o aquecimento e um limite diário nas primeiras semanas."))
    if is_new and pace.hours is None:
        found.append(_("Defina um horário de envio: mensagens de madrugada geram bloqueios e denúncias."))
    return found
