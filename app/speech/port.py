"""The port: what the features may ask of a speech provider, whichever it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

SAMPLE_BYTES = 2
RATES = (0.25, 4.0)
PITCHES = (-20.0, 20.0)
VOLUMES = (-96.0, 16.0)

ErrorCode = Literal["credentials", "quota", "timeout", "unavailable", "unspeakable", "unsupported", "too_long"]
# A retry of the same call may do; another provider may do where the owner configured one.
_RETRYABLE = frozenset({"quota", "timeout", "unavailable"})
_OUTAGE = frozenset({"quota", "timeout", "unavailable"})


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """`rate` multiplies the speed, `pitch` is in semitones, `volume` in dB. `ssml`: see `speech.ssml`.

    The volume is not the provider's business: loudness is made even afterwards, so it is given to `audio.tidy`,
    where it means the same for every provider and cannot clip.
    """

    voice_id: str
    language: str = "pt-BR"
    rate: float = 1.0
    pitch: float = 0.0
    volume: float = 0.0
    ssml: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Voice:
    """`voice_class` is the key of the price table: "standard", "neural", "wavenet", "local"…"""

    id: str
    name: str
    language: str
    gender: str
    voice_class: str


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono, signed 16 bit, little endian."""

    pcm: bytes = field(repr=False)
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / SAMPLE_BYTES / self.sample_rate


class SpeechError(Exception):
    """`detail` is the provider's own text without secrets, for logs and for whoever configures it."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        retryable: bool | None = None,
        outage: bool | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code: ErrorCode = code
        self.detail = detail
        self.retryable = code in _RETRYABLE if retryable is None else retryable
        self.outage = code in _OUTAGE if outage is None else outage


Problem = tuple[str, str]
"""A field of VoiceSettings (`ssml.emphasis` for one inside) and a code: out_of_range, unsupported, unknown, missing."""


class SpeechProvider(Protocol):
    name: str
    max_characters: int

    def voice_class(self, voice_id: str) -> str:
        """By its name; calls nobody."""

    def voices(self, language: str | None = None) -> list[Voice]:
        """Raises SpeechError; also the cheapest way to try credentials."""

    def problems(self, settings: VoiceSettings) -> list[Problem]:
        """What this provider cannot do of these settings. Calls nobody."""

    def synthesise(self, text: str, settings: VoiceSettings) -> Sound:
        """`text` is plain: anything that looks like SSML is read, not obeyed. Raises SpeechError."""


def outside(settings: VoiceSettings) -> list[Problem]:
    """The bounds that hold for every provider."""
    bounds = (("rate", settings.rate, RATES), ("pitch", settings.pitch, PITCHES), ("volume", settings.volume, VOLUMES))
    found = [(name, "out_of_range") for name, value, (low, high) in bounds if not low <= value <= high]
    if not settings.voice_id.strip():
        found.insert(0, ("voice_id", "missing"))
    return found
