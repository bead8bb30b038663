"""SSML: what a configuration may ask for, and the document made of it. The text inside is always only text.

Settings (`VoiceSettings.ssml`), all optional:
    emphasis            "reduced", "moderate" or "strong"
    sentence_pause_ms   0 to 5000, after each sentence
    style               a speaking style of the provider's own ("cheerful")
    effects             a sound profile of the provider's own ("handset-class-device")
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.speech.port import Problem, SpeechError

EMPHASES = ("reduced", "moderate", "strong")
LONGEST_PAUSE_MS = 5000
_SLUG = re.compile(r"[a-z0-9-]{1,60}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
# Sentence breaks stay; other control characters are refused by XML and end a C string.
_KEPT = "\n\t "


def problems(ssml: Mapping[str, Any], able: Iterable[str]) -> list[Problem]:
    """Of the settings, against what the provider (or this voice of it) is able to do."""
    able = frozenset(able)
    found: list[Problem] = []
    for key, value in ssml.items():
        if key not in _CHECKS:
            found.append((f"ssml.{key}", "unknown"))
        elif value in (None, ""):
            continue
        elif not _CHECKS[key](value):
            found.append((f"ssml.{key}", "out_of_range"))
        elif key not in able:
            found.append((f"ssml.{key}", "unsupported"))
    return found


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and bool(_SLUG.fullmatch(value))


def _is_pause(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_PAUSE_MS


_CHECKS = {
    "emphasis": lambda value: value in EMPHASES,
    "sentence_pause_ms": _is_pause,
    "style": _is_slug,
    "effects": _is_slug,
}


def document(text: str, ssml: Mapping[str, Any], prosody: Mapping[str, str] | None = None) -> str:
    """The inside of `<speak>`: escaped text, pauses between sentences, emphasis and prosody around it."""
    body = _paused(text, int(ssml.get("sentence_pause_ms") or 0))
    if emphasis := ssml.get("emphasis"):
        body = f"<emphasis level={quoteattr(str(emphasis))}>{body}</emphasis>"
    if prosody:
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in prosody.items())
        body = f"<prosody{attributes}>{body}</prosody>"
    return body


def _paused(text: str, pause_ms: int) -> str:
    if not pause_ms:
        return escape(text)
    return f'<break time="{pause_ms}ms"/> '.join(escape(part) for part in _SENTENCE_END.split(text) if part)


def speakable(text: str, max_characters: int) -> str:
    """The text without what no voice can read. Raises `unspeakable` and `too_long`."""
    if len(text) > max_characters * 4:
        raise SpeechError("too_long", f"{len(text)} characters, at most {max_characters}")
    text = "".join(char for char in text if char in _KEPT or unicodedata.category(char)[0] != "C").strip()
    if not any(char.isalnum() for char in text):
        raise SpeechError("unspeakable", "no letter and no digit")
    if len(text) > max_characters:
        raise SpeechError("too_long", f"{len(text)} characters, at most {max_characters}")
    return text
