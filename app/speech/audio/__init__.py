"""Sound in and out, by PyAV: reading any file, evening, joining, MP3 and WhatsApp's voice note.

PyAV and NumPy cost a process fifty megabytes, and most processes import a feature that could speak but never do:
the rooms behind these functions are opened by the first call.
"""

from collections.abc import Sequence

from app.speech.audio.bounds import MAX_BYTES, MAX_SECONDS, TARGET_LUFS, VOICE_NOTE_LIMIT, VOICE_NOTE_MIME
from app.speech.audio.errors import AudioError
from app.speech.port import Sound

__all__ = [
    "MAX_BYTES",
    "MAX_SECONDS",
    "VOICE_NOTE_LIMIT",
    "VOICE_NOTE_MIME",
    "AudioError",
    "decode",
    "duration",
    "encode_mp3",
    "encode_voice_note",
    "is_silent",
    "join",
    "peaks",
    "resample",
    "shifted",
    "stretched",
    "tidy",
]


def decode(data: bytes, *, max_seconds: float = MAX_SECONDS, max_bytes: int = MAX_BYTES) -> Sound:
    """Any file that PyAV reads, at its own rate or 48 kHz where that is higher. Raises AudioError."""
    from app.speech.audio import reading

    return reading.decode(data, max_seconds, max_bytes)


def duration(data: bytes, *, max_seconds: float = MAX_SECONDS, max_bytes: int = MAX_BYTES) -> float:
    """Seconds of sound really in the file: headers lie (browsers' recordings have none, cut files the old one)."""
    from app.speech.audio import reading

    return reading.duration(data, max_seconds, max_bytes)


def tidy(sound: Sound, *, volume: float = 0.0, target: float = TARGET_LUFS) -> Sound:
    """Silence at the ends cut but for a breath, loudness even, no peak above −3 dBFS.

    `volume` is the owner's wish in dB, on top of the common loudness. A sound of silence becomes an empty one.
    """
    from app.speech.audio import shaping

    return shaping.tidy(sound, volume, target)


def is_silent(sound: Sound) -> bool:
    from app.speech.audio import shaping

    return shaping.is_silent(sound)


def resample(sound: Sound, rate: int) -> Sound:
    from app.speech.audio import shaping

    return shaping.resample(sound, rate)


def peaks(sound: Sound, n: int = 64) -> list[int]:
    """`n` heights, 0…100, the loudest 100 (WhatsApp draws 64 of them)."""
    from app.speech.audio import shaping

    return shaping.peaks(sound, n)


def join(sounds: Sequence[Sound], gap_ms: int | Sequence[int] = 0) -> Sound:
    """At the highest rate among them. Without a gap neighbours overlap in a short cross-fade; with one, both fade
    into the silence. Empty parts are left out. `gap_ms`: one for all, or one after each part (see `speech.pauses`).
    """
    from app.speech.audio import joining

    return joining.join(sounds, gap_ms)


def stretched(sound: Sound, factor: float) -> Sound:
    """Faster without another pitch: `factor` 2 halves the length."""
    from app.speech.audio import tempo

    return tempo.stretched(sound, factor)


def shifted(sound: Sound, semitones: float) -> Sound:
    """Higher or lower at the same pace; the timbre moves along, as on a tape."""
    from app.speech.audio import tempo

    return tempo.shifted(sound, semitones)


def encode_mp3(sound: Sound) -> bytes:
    """128 kbit/s; at 48 kHz where the sound has more than 24 kHz can hold."""
    from app.speech.audio import writing

    return writing.encode_mp3(sound)


def encode_voice_note(sound: Sound) -> bytes:
    """Ogg/Opus as WhatsApp's own: mono, wideband speech, three 20 ms frames to the packet (see `opus.py`).

    Ogg/Opus always counts in 48 kHz, whatever the encoder was fed. The rate falls for a long note, so that it stays
    within 512 KB (about eleven minutes; longer ones pass it).
    """
    from app.speech.audio import writing

    return writing.encode_voice_note(sound)
