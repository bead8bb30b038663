"""Providers by name."""

from collections.abc import Callable, Mapping

from app.speech.port import SpeechProvider
from app.speech.providers.local import Local

NAMES = ("google", "amazon", "azure", "local")

_MAKERS: dict[str, Callable[[Mapping[str, str], str], SpeechProvider]] = {
    "local": lambda credentials, endpoint: Local(),
}


def provider(name: str, credentials: Mapping[str, str], *, endpoint: str = "") -> SpeechProvider:
    """Calls nobody yet. `endpoint` (scheme and host) replaces the provider's own; it is never a customer's to choose.

    KeyError for a name that is none of NAMES; SpeechError("credentials") where they cannot be right.
    """
    return _MAKERS[name](credentials, endpoint)
