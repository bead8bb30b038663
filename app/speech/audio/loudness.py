"""How loud people hear it (ITU-R BS.1770-4), and a limiter that hears the peak coming."""

import numpy as np

Samples = np.ndarray
_BLOCK_SECONDS, _STEP_SECONDS = 0.4, 0.1
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_OFFSET = -0.691
_LOOK_AHEAD = 6
"""Milliseconds on each side over which the gain goes down and comes back."""


def loudness(values: Samples, rate: int) -> float:
    """LUFS with both gates; a sound shorter than a block counts as one block. −70 for silence."""
    energies = _block_energies(_weighted(values, rate), rate)
    levels = _OFFSET + 10 * np.log10(np.maximum(energies, 1e-12))
    heard = energies[levels > _ABSOLUTE_GATE]
    if not heard.size:
        return _ABSOLUTE_GATE
    gate = _OFFSET + 10 * np.log10(heard.mean()) + _RELATIVE_GATE
    return float(_OFFSET + 10 * np.log10(energies[levels > max(gate, _ABSOLUTE_GATE)].mean()))


def _block_energies(values: Samples, rate: int) -> Samples:
    step = max(1, int(rate * _STEP_SECONDS))
    per_block = round(_BLOCK_SECONDS / _STEP_SECONDS)
    if values.size < step * per_block:
        return np.array([np.mean(values**2)]) if values.size else np.zeros(1)
    steps = (values[: values.size // step * step].reshape(-1, step) ** 2).mean(axis=1)
    return np.convolve(steps, np.ones(per_block) / per_block, mode="valid")


def _weighted(values: Samples, rate: int) -> Samples:
    """K-weighting, done on the spectrum: a recursive filter in Python would take seconds."""
    if not values.size:
        return values
    size = 1 << int(values.size + rate // 10 - 1).bit_length()
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones_like(z)
    for b, a in (_shelf(rate), _high_pass(rate)):
        response *= np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
    return np.fft.irfft(np.fft.rfft(values, size) * response, size)[: values.size]


def _shelf(rate: int) -> tuple[list[float], list[float]]:
    """The head in front of the ear: +4 dB above 1.7 kHz."""
    k = np.tan(np.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    b = [(high + band * k / q + k * k) / norm, 2 * (k * k - high) / norm, (high - band * k / q + k * k) / norm]
    return b, [1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]


def _high_pass(rate: int) -> tuple[list[float], list[float]]:
    k = np.tan(np.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    norm = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]


def limited(values: Samples, rate: int, ceiling: float) -> Samples:
    """No sample above the ceiling; the gain moves over milliseconds, so nothing distorts."""
    if not values.size or np.abs(values).max() <= ceiling:
        return values
    window = max(1, rate // 1000)
    blocks = np.abs(np.pad(values, (0, -values.size % window))).reshape(-1, window).max(axis=1)
    needed = np.minimum(1.0, ceiling / np.maximum(blocks, 1e-9))
    # Lowest over twice the smoothing's reach: whatever the average mixes in, it stays low enough.
    lowest = _sliding(needed, _LOOK_AHEAD + 1).min(axis=1)
    smooth = _sliding(lowest, _LOOK_AHEAD).mean(axis=1)
    centres = (np.arange(blocks.size) + 0.5) * window
    gain = np.interp(np.arange(values.size), centres, smooth)
    return np.clip(values * gain, -ceiling, ceiling).astype(np.float32)


def _sliding(values: Samples, reach: int) -> Samples:
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, reach, mode="edge"), 2 * reach + 1)
