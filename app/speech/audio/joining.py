"""Parts spoken apart, heard as one."""

from collections.abc import Sequence

import numpy as np

from app.speech.audio.errors import AudioError
from app.speech.audio.shaping import Samples, faded, resample, samples, sounding
from app.speech.port import Sound

CROSS_FADE_SECONDS = 0.012


def join(sounds: Sequence[Sound], gap_ms: int | Sequence[int]) -> Sound:
    gaps = [gap_ms] * len(sounds) if isinstance(gap_ms, int) else list(gap_ms)
    heard = [(sound, gap) for sound, gap in zip(sounds, gaps, strict=True) if sound.pcm]
    if not heard:
        raise AudioError("empty", "nothing to join")
    rate = max(sound.sample_rate for sound, _ in heard)
    whole, gap = [samples(resample(heard[0][0], rate))], heard[0][1]
    for sound, next_gap in heard[1:]:
        part = samples(resample(sound, rate))
        whole += _spaced(whole.pop(), part, rate, gap) if gap > 0 else _overlapped(whole.pop(), part, rate)
        gap = next_gap
    return sounding(np.concatenate(whole), rate)


def _spaced(before: Samples, part: Samples, rate: int, gap_ms: int) -> list[Samples]:
    return [faded(before, rate), np.zeros(rate * gap_ms // 1000, dtype=np.float32), faded(part, rate)]


def _overlapped(before: Samples, part: Samples, rate: int) -> list[Samples]:
    length = min(int(rate * CROSS_FADE_SECONDS), before.size, part.size)
    # Equal power: the two are different sounds, so their energies add up, not their waves.
    angle = np.linspace(0, np.pi / 2, length, dtype=np.float32)
    seam = before[before.size - length :] * np.cos(angle) + part[:length] * np.sin(angle)
    return [before[: before.size - length], seam, part[length:]]
