"""What can be tuned: timings of the gateway and habits of the people behind the phones."""

import re
from dataclasses import dataclass, field, fields
from typing import Any


class BadSetting(ValueError):
    """A setting that does not exist or has the wrong type."""


@dataclass
class Behaviour:
    """Habits of the customers. Times are [from, to] in seconds, before --speed divides them."""

    receipts: bool = True
    server_ack: list[float] = field(default_factory=lambda: [0.05, 0.4])
    delivered: list[float] = field(default_factory=lambda: [0.4, 2.5])
    read: list[float] = field(default_factory=lambda: [2.0, 20.0])
    read_probability: float = 0.75
    played: list[float] = field(default_factory=lambda: [2.0, 10.0])
    played_probability: float = 0.6
    reply_probability: float = 0.0
    reply: list[float] = field(default_factory=lambda: [3.0, 20.0])
    reply_texts: list[str] = field(
        default_factory=lambda: [
            "Obrigado!",
            "Oi, qual o valor?",
            "Pode me ligar?",
            "Tenho interesse 😊",
            "SAIR",
        ]
    )


@dataclass
class Config:
    """Times in seconds, before --speed divides them (webhook_timeout is never divided)."""

    speed: float = 1.0
    seed: int = 1
    not_on_whatsapp: str = "0000$"
    connect_seconds: float = 2.0
    create_seconds: float = 5.0
    qr_seconds: float = 45.0
    qr_limit: int = 30
    pairing_seconds: float = 0.6
    auto_scan_seconds: float | None = None
    webhook_first_wait: float = 5.0
    webhook_longest_wait: float = 300.0
    webhook_attempts: int = 10
    webhook_timeout: float = 30.0
    version: str = "2.3.7"


def change(target: Config | Behaviour, values: dict[str, Any]) -> None:
    """Set known fields, keeping their kind; all or nothing."""
    known = {item.name for item in fields(target)}
    checked = {name: _checked(target, name, value, known) for name, value in values.items()}
    for name, value in checked.items():
        setattr(target, name, value)


def _checked(target: Any, name: str, value: Any, known: set[str]) -> Any:
    if name not in known:
        raise BadSetting(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
    current = getattr(target, name)
    if isinstance(current, list) and name != "reply_texts":
        return _span(name, value)
    _same_kind(name, current, value)
    if name == "not_on_whatsapp":
        _compiles(value)
    if name == "speed" and value <= 0:
        raise BadSetting("speed must be above zero")
    return value


def _span(name: str, value: Any) -> list[float]:
    numbers = [value, value] if isinstance(value, int | float) else value
    if not isinstance(numbers, list) or len(numbers) != 2 or not all(isinstance(n, int | float) for n in numbers):
        raise BadSetting(f"{name} must be a number or [from, to]")
    return [float(n) for n in sorted(numbers)]


def _same_kind(name: str, current: Any, value: Any) -> None:
    if current is None or (value is None and name == "auto_scan_seconds"):
        return
    wanted = (int, float) if isinstance(current, int | float) and not isinstance(current, bool) else type(current)
    if not isinstance(value, wanted):
        raise BadSetting(f"{name} has the wrong type")


def _compiles(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise BadSetting(f"not_on_whatsapp: {error}") from error
