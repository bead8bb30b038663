"""Samples into better samples: rate, silence at the ends, loudness, the picture a player draws."""

import numpy as np
from av import AudioFrame
from av.audio.resampler import AudioResampler

from app.speech.audio.loudness import limited, loudness
from app.speech.port import Sound

Samples = np.ndarray
MAX_GAIN_DB = 30.0
CEILING = 10 ** (-3 / 20)
"""Coding at low rates overshoots: at −1.5 dB peaks came back at full scale."""
LEAD_SECONDS, TAIL_SECONDS = 0.04, 0.12
FADE_SECONDS = 0.006
_WINDOW_SECONDS = 0.01
_QUIET, _BELOW_LOUDEST_DB = 10 ** (-60 / 20), 42.0


def samples(sound: Sound) -> Samples:
    """Float, −1…1."""
    return np.frombuffer(sound.pcm, dtype="<i2").astype(np.float32) / 32768.0


def sounding(values: Samples, rate: int) -> Sound:
    return Sound(np.clip(np.rint(values * 32768.0), -32768, 32767).astype("<i2").tobytes(), rate)


def tidy(sound: Sound, volume: float, target: float) -> Sound:
    values = _trimmed(samples(sound), sound.sample_rate)
    if not values.size:
        return Sound(b"", sound.sample_rate)
    gain = min(target - loudness(values, sound.sample_rate), MAX_GAIN_DB) + volume
    values = limited(values * np.float32(10 ** (gain / 20)), sound.sample_rate, CEILING)
    return sounding(faded(values, sound.sample_rate), sound.sample_rate)


def is_silent(sound: Sound) -> bool:
    return not _trimmed(samples(sound), sound.sample_rate).size


def _trimmed(values: Samples, rate: int) -> Samples:
    levels = _levels(values, max(1, int(rate * _WINDOW_SECONDS)))
    if not levels.size or levels.max() < _QUIET:
        return values[:0]
    heard = np.flatnonzero(levels >= max(_QUIET, levels.max() * 10 ** (-_BELOW_LOUDEST_DB / 20)))
    window = max(1, int(rate * _WINDOW_SECONDS))
    first = max(0, heard[0] * window - int(rate * LEAD_SECONDS))
    return values[first : (heard[-1] + 1) * window + int(rate * TAIL_SECONDS)]


def _levels(values: Samples, window: int) -> Samples:
    """RMS per window; the last one may be short."""
    if not values.size:
        return values
    padded = np.pad(values, (0, -values.size % window)).reshape(-1, window)
    return np.sqrt((padded**2).mean(axis=1))


def faded(values: Samples, rate: int) -> Samples:
    """Ends at zero, so that a player's start and stop do not click."""
    length = min(int(rate * FADE_SECONDS), values.size // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    values = values.copy()
    values[:length] *= ramp
    values[values.size - length :] *= ramp[::-1]
    return values


def resample(sound: Sound, rate: int) -> Sound:
    if sound.sample_rate == rate or not sound.pcm:
        return Sound(sound.pcm, rate)
    resampler = AudioResampler("s16", "mono", rate)
    frames = [*resampler.resample(frame_of(sound.pcm, sound.sample_rate)), *resampler.resample(None)]
    wanted = round(len(sound.pcm) // 2 * rate / sound.sample_rate) * 2
    return Sound(b"".join(bytes(memoryview(f.planes[0])[: f.samples * 2]) for f in frames)[:wanted], rate)


def frame_of(pcm: bytes, rate: int) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm + bytes(frame.planes[0].buffer_size - len(pcm)))
    frame.sample_rate = rate
    return frame


def peaks(sound: Sound, n: int) -> list[int]:
    values = np.abs(samples(sound))
    if n < 1 or not values.size or not values.max():
        return [0] * max(n, 0)
    edges = np.linspace(0, values.size, n + 1).astype(int)[:-1]
    heights = np.maximum.reduceat(values, np.minimum(edges, values.size - 1))
    return [int(height) for height in np.rint(heights / values.max() * 100)]
