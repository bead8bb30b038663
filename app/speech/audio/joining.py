"""Parts spoken apart, heard as one."""

from collections.abc import Sequence

import numpy as np

from app.speech.audio.errors import AudioError
from app.speech.audio.shaping import Samples, faded, resample, samples, sounding
from app.speech.port import Sound

CROSS_FADE_SECONDS = 0.012


def join(sounds: Sequence[Sound], gap_ms: int) -> Sound:
    heard = [sound for sound in sounds if sound.pcm]
    if not heard:
        raise AudioError("empty", "nothing to join")
    rate = max(sound.sample_rate for sound in heard)
    parts = [samples(resample(sound, rate)) for sound in heard]
    whole = _spaced(parts, rate, gap_ms) if gap_ms > 0 else _overlapped(parts, rate)
    return sounding(whole, rate)


def _spaced(parts: list[Samples], rate: int, gap_ms: int) -> Samples:
    gap = np.zeros(rate * gap_ms // 1000, dtype=np.float32)
    pieces = [piece for part in parts for piece in (faded(part, rate), gap)]
    return np.concatenate(pieces[:-1])


def _overlapped(parts: list[Samples], rate: int) -> Samples:
    whole = [parts[0]]
    for part in parts[1:]:
        before = whole.pop()
        length = min(int(rate * CROSS_FADE_SECONDS), before.size, part.size)
        # Equal power: the two are different sounds, so their energies add up, not their waves.
        angle = np.linspace(0, np.pi / 2, length, dtype=np.float32)
        seam = before[before.size - length :] * np.cos(angle) + part[:length] * np.sin(angle)
        whole += [before[: before.size - length], seam, part[length:]]
    return np.concatenate(whole)
