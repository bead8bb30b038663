"""The bounds and prices of this installation, set once at start."""

from app.config import ConfigError, VoiceLimits
from app.voice.rules.money import Price, read_prices

_limits = VoiceLimits()
_prices: tuple[Price, ...] = read_prices("")


def configure(limits: VoiceLimits) -> None:
    """Raises ConfigError for a price table that cannot be read."""
    global _limits, _prices
    try:
        _limits, _prices = limits, read_prices(limits.prices)
    except ValueError as error:
        raise ConfigError(f"TTS_PRICES cannot be read: {error}") from error


def limits() -> VoiceLimits:
    return _limits


def prices() -> tuple[Price, ...]:
    return _prices
