"""Sounds to work on: a voice-like buzz with syllables, noise, silence."""

import numpy as np

from app.speech.audio.shaping import sounding
from app.speech.port import Sound


def voice(seconds: float = 3.0, rate: int = 24_000, level: float = 0.1, pitch: float = 130.0) -> Sound:
    """A buzz of harmonics in syllables of a quarter of a second, with a little breath in it."""
    t = np.arange(int(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * pitch * n * t) / n for n in range(1, 20) if pitch * n < rate / 2)
    breath = np.random.default_rng(7).normal(0, 0.02, t.size)
    return sounding((level * (buzz + breath) * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * t))).astype(np.float32), rate)


def silence(seconds: float, rate: int = 24_000) -> Sound:
    return Sound(bytes(int(seconds * rate) * 2), rate)


def together(*sounds: Sound) -> Sound:
    return Sound(b"".join(sound.pcm for sound in sounds), sounds[0].sample_rate)


def floats(sound: Sound) -> np.ndarray:
    return np.frombuffer(sound.pcm, "<i2") / 32768.0


def steepest(sound: Sound) -> float:
    """The largest step from one sample to the next: a click is one that the voice itself does not make."""
    return float(np.abs(np.diff(floats(sound))).max())


def fundamental(sound: Sound) -> float:
    """Median of the fundamental, by autocorrelation, over the loud windows."""
    values, size, found = floats(sound), 2048, []
    for at in range(0, values.size - size, 512):
        window = values[at : at + size]
        if window.std() < 0.04:
            continue
        spectrum = np.abs(np.fft.rfft((window - window.mean()) * np.hanning(size), 2 * size)) ** 2
        low, high = sound.sample_rate // 600, sound.sample_rate // 45
        found.append(sound.sample_rate / (low + np.fft.irfft(spectrum)[low:high].argmax()))
    return float(np.median(found))
