"""A written message into the one that is read aloud."""

from collections.abc import Mapping

from app.speech.normalise import figures, identifiers, marks, words
from app.speech.normalise.dictionary import pronounced

MAX_CHARACTERS = 50_000
"""Longer ones are cut: no provider takes a fifth of it, and says so."""


_ROUNDS = 5


def spoken(text: str, language: str = "pt-BR", dictionary: Mapping[str, str] | None = None) -> str:
    """As a person would read it out. Never raises; time grows with the length only.

    Portuguese comes back without a digit. In other languages marks, emoji and the dictionary are seen to and figures
    are left to the voice. The result read once more is the same (unless the dictionary replaces its own words).
    """
    text = marks.squeezed(pronounced(marks.plain(text[:MAX_CHARACTERS]), dictionary or {}))
    for _ in range(_ROUNDS):
        text, before = _read(text, language.lower().startswith("pt")), text
        if text == before:
            break
    return text


def _read(text: str, is_portuguese: bool) -> str:
    """What is taken away may uncover the next abbreviation ("Av.* Brasil"), so a second round is not idle."""
    text = marks.plain(text)
    if is_portuguese:
        text = words.signs(figures.read(words.expanded(identifiers.read(text))))
    return marks.finished(text)
