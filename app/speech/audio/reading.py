"""Any audio file into mono 16-bit samples. The bytes are a stranger's: bounded in size and in length."""

import io
from collections.abc import Iterator

import av
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from app.speech.audio.errors import AudioError
from app.speech.port import Sound

MAX_RATE = 48_000
LOWEST_RATE, HIGHEST_RATE = 4_000, 400_000
"""Rates beyond are damage or malice: resampling from them takes seconds for nothing."""
# Formats that hold sound themselves. Playlists and the like (hls, concat, sdp) could make us read other files
# and addresses.
FORMATS = "ogg,mp3,wav,w64,mov,mp4,m4a,3gp,matroska,webm,aac,flac,amr,aiff,au,caf,asf"
_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "none", "probesize": "2000000"}


def decode(data: bytes, max_seconds: float, max_bytes: int) -> Sound:
    parts: list[bytes] = []
    rate = 0
    for frame in _frames(data, max_seconds, max_bytes):
        rate = frame.sample_rate
        parts.append(_pcm(frame))
    if not any(parts):
        raise AudioError("empty", "no samples")
    return Sound(b"".join(parts), rate)


def duration(data: bytes, max_seconds: float, max_bytes: int) -> float:
    seconds = sum(frame.samples / frame.sample_rate for frame in _frames(data, max_seconds, max_bytes))
    if not seconds:
        raise AudioError("empty", "no samples")
    return seconds


def _frames(data: bytes, max_seconds: float, max_bytes: int) -> Iterator[av.AudioFrame]:
    if not data:
        raise AudioError("empty", "no bytes")
    if len(data) > max_bytes:
        raise AudioError("too_large", f"{len(data)} bytes")
    try:
        with av.open(io.BytesIO(data), "r", options=_OPTIONS) as container:
            yield from _bounded(_mono(container), max_seconds)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise AudioError("unreadable", f"{type(error).__name__}: {error}"[:200]) from error


def _bounded(frames: Iterator[av.AudioFrame], max_seconds: float) -> Iterator[av.AudioFrame]:
    seconds = 0.0
    for frame in frames:
        seconds += frame.samples / frame.sample_rate
        if seconds > max_seconds:
            raise AudioError("too_long", f"more than {max_seconds:g} s")
        yield frame


def _mono(container: InputContainer) -> Iterator[av.AudioFrame]:
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise AudioError("unreadable", "no audio inside")
    resampler: AudioResampler | None = None
    for frame in _decoded(container, stream):
        if not LOWEST_RATE <= frame.sample_rate <= HIGHEST_RATE:
            raise AudioError("unreadable", f"{frame.sample_rate} samples a second")
        if resampler is None:
            resampler = AudioResampler("s16", "mono", min(frame.sample_rate, MAX_RATE))
        frame.pts = None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _decoded(container: InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """A broken packet is skipped, as every player does; a file of nothing else is unreadable."""
    good, broken = False, None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            broken = error
            continue
        good = good or bool(frames)
        yield from frames
    if broken is not None and not good:
        raise broken


def _pcm(frame: av.AudioFrame) -> bytes:
    return bytes(memoryview(frame.planes[0])[: frame.samples * 2])
