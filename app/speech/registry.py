"""Providers by name. Their libraries are loaded with the first that is asked for: most processes need none."""

import importlib
from collections.abc import Mapping
from typing import cast

from app.speech.port import SpeechProvider

NAMES = ("google", "amazon", "azure", "local")


def provider(name: str, credentials: Mapping[str, str], *, endpoint: str = "") -> SpeechProvider:
    """Calls nobody yet. `endpoint` (scheme and host) replaces the provider's own; it is never a customer's to choose.

    KeyError for a name that is none of NAMES; SpeechError("credentials") where they cannot be right.
    """
    if name not in NAMES:
        raise KeyError(name)
    made = getattr(importlib.import_module(f"app.speech.providers.{name}"), name.capitalize())
    return cast(SpeechProvider, made(credentials, endpoint))
