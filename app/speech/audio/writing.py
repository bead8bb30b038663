"""Sound into files: MP3 for browsers and the API, the voice note for WhatsApp."""

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import cast

import av

from app.speech.audio.bounds import VOICE_NOTE_LIMIT
from app.speech.audio.errors import AudioError
from app.speech.audio.opus import repacked
from app.speech.audio.shaping import frame_of, resample
from app.speech.port import Sound

MP3_RATE, MP3_BITRATE = 24_000, 128_000
MP3_EFFORT = "7"
"""128 kbit/s are plenty for one voice; LAME's usual 5 takes half as long again to choose among them."""
VOICE_NOTE_RATE = 16_000
VOICE_NOTE_BITRATES = (28_000, 6_000)
EFFORT = "6"
"""From 7 on libopus guesses whether it hears music and may leave the speech coder, which phones' notes never do."""
_HEADROOM = 0.92
_OPTIONS = {"fflags": "+bitexact"}
"""No random stream number, no version in the tags: the same sound is the same file."""
_CHUNK_BYTES = VOICE_NOTE_RATE * 2


def encode_mp3(sound: Sound) -> bytes:
    rate = MP3_RATE if sound.sample_rate <= MP3_RATE else 2 * MP3_RATE
    return _encoded(sound, "mp3", "libmp3lame", rate, MP3_BITRATE, {"compression_level": MP3_EFFORT})


def encode_voice_note(sound: Sound) -> bytes:
    most, least = VOICE_NOTE_BITRATES
    seconds = max(sound.seconds, 0.001)
    bitrate = int(min(most, max(least, VOICE_NOTE_LIMIT * _HEADROOM * 8 / seconds)))
    options = {"application": "voip", "frame_duration": "20", "vbr": "constrained", "compression_level": EFFORT}
    return _encoded(sound, "ogg", "libopus", VOICE_NOTE_RATE, bitrate, options)


def _encoded(sound: Sound, form: str, codec: str, rate: int, bitrate: int, options: dict[str, str]) -> bytes:
    sound = resample(sound, rate)
    if not sound.pcm:
        raise AudioError("empty", "nothing to encode")
    file = io.BytesIO()
    with av.open(file, "w", format=form, container_options=_OPTIONS) as container:
        stream = cast(av.AudioStream, container.add_stream(codec, rate=rate, layout="mono", options=options))
        stream.bit_rate = bitrate
        packets: Iterable[av.Packet] = (p for frame in _frames(sound) for p in stream.encode(frame))
        for packet in repacked(packets, stream) if codec == "libopus" else packets:
            container.mux(packet)
    return file.getvalue()


def _frames(sound: Sound) -> Iterator[av.AudioFrame | None]:
    for start in range(0, len(sound.pcm), _CHUNK_BYTES):
        frame = frame_of(sound.pcm[start : start + _CHUNK_BYTES], sound.sample_rate)
        frame.pts = start // 2
        frame.time_base = Fraction(1, sound.sample_rate)
        yield frame
    yield None
