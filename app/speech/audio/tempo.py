"""Faster or slower without another pitch, higher or lower without another pace."""

from typing import cast

import av
from av.filter import Graph

from app.speech.audio.shaping import frame_of, resample
from app.speech.port import Sound

_NEAR = 0.01


def stretched(sound: Sound, factor: float) -> Sound:
    if abs(factor - 1) < _NEAR or not sound.pcm:
        return sound
    graph = Graph()
    source = graph.add_abuffer(sample_rate=sound.sample_rate, format="s16", layout="mono")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, *(graph.add("atempo", f"{step:.6f}") for step in _steps(factor)), sink).configure()
    source.push(frame_of(sound.pcm, sound.sample_rate))
    source.push(None)
    parts: list[bytes] = []
    while True:
        try:
            frame = cast(av.AudioFrame, sink.pull())
        except (av.BlockingIOError, av.EOFError):
            return Sound(b"".join(parts), sound.sample_rate)
        parts.append(bytes(memoryview(frame.planes[0])[: frame.samples * 2]))


def shifted(sound: Sound, semitones: float) -> Sound:
    """By playing it at another speed and stretching it back."""
    factor = 2 ** (semitones / 12)
    played = Sound(sound.pcm, round(sound.sample_rate * factor))
    return stretched(resample(played, sound.sample_rate), 1 / factor)


def _steps(factor: float) -> list[float]:
    """The filter takes 0.5 and more at a time."""
    steps = []
    while factor < 0.5:
        steps.append(0.5)
        factor /= 0.5
    return [*steps, factor]
