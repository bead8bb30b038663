"""A recipe: the settings and the words of one audio. The same recipe is the same file, whoever asks."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MADE_BY = 1  # raise it when encoding or reading changes so much that kept audios should be made again


@dataclass(frozen=True)
class Speaker:
    """Who speaks and how: the settings of a configuration, frozen. `stand_in` speaks while the provider is away."""

    provider: str
    voice_id: str
    voice_class: str = "standard"
    language: str = "pt-BR"
    rate: float = 1.0
    pitch: float = 0.0
    volume: float = 0.0
    ssml: Mapping[str, Any] = field(default_factory=dict)
    in_parts: bool = True
    stand_in: Speaker | None = None

    def as_json(self) -> dict[str, Any]:
        names = ("provider", "voice_id", "voice_class", "language", "rate", "pitch", "volume", "in_parts")
        plain = {name: getattr(self, name) for name in names} | {"ssml": dict(self.ssml)}
        return plain | ({"stand_in": self.stand_in.as_json()} if self.stand_in else {})

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Speaker:
        stand_in = plain.get("stand_in")
        return cls(**{**plain, "stand_in": cls.of(stand_in) if stand_in else None})


@dataclass(frozen=True)
class Recipe:
    """`parts` are texts as they are spoken, one after the other. `kind`: an audio, or a part that audios share."""

    speaker: Speaker
    parts: tuple[str, ...]
    kind: str = "audio"

    @property
    def key(self) -> str:
        one = self.speaker
        settings = [one.provider, one.voice_id, one.language, one.rate, one.pitch, one.volume, one.ssml]
        plain = json.dumps([MADE_BY, self.kind, settings, self.parts], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()

    @property
    def characters(self) -> int:
        return sum(map(len, self.parts))

    def pieces(self) -> list[Recipe]:
        """What is made alone and joined; an audio of one text is made as it is."""
        return [replace(self, parts=(part,), kind="part") for part in self.parts] if len(self.parts) > 1 else []

    def by_stand_in(self) -> Recipe | None:
        """The same words by the one who speaks meanwhile."""
        return replace(self, speaker=self.speaker.stand_in) if self.speaker.stand_in else None

    def as_json(self) -> dict[str, Any]:
        return {"speaker": self.speaker.as_json(), "parts": list(self.parts), "kind": self.kind}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Recipe:
        return cls(Speaker.of(plain["speaker"]), tuple(plain["parts"]), plain["kind"])


def tidy_text(text: str) -> str:
    """One form of every letter and one space between words: what sounds the same is the same text. Lines end."""
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(line for line in lines if line)


def is_speakable(text: str) -> bool:
    """Something in it has a sound."""
    return any(char.isalnum() for char in text)
