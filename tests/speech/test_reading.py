"""Files from strangers: what plays is read, what does not is said, nothing else is opened."""

import contextlib
import io
from pathlib import Path

import av
import pytest

from app.speech.audio import AudioError, decode, duration, encode_mp3, encode_voice_note
from app.speech.audio.shaping import frame_of
from app.speech.port import Sound
from tests.speech.sounds import voice


def written(form: str, codec: str, rate: int = 48_000, layout: str = "stereo", seconds: float = 2.0) -> bytes:
    """As phones and browsers record it."""
    sound = voice(seconds, rate)
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for packet in [*stream.encode(frame_of(sound.pcm, rate)), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


RECORDINGS = [
    ("webm", "libopus", 48_000, "mono"),  # Chrome, Firefox
    ("mp4", "aac", 44_100, "stereo"),  # Safari
    ("ogg", "libopus", 48_000, "stereo"),  # Firefox, other phones
    ("amr", "libopencore_amrnb", 8_000, "mono"),
    ("mp3", "libmp3lame", 44_100, "stereo"),
    ("wav", "pcm_s16le", 8_000, "mono"),
    ("flac", "flac", 48_000, "stereo"),
]


@pytest.mark.parametrize("form, codec, rate, layout", RECORDINGS)
def test_reads_what_people_record(form: str, codec: str, rate: int, layout: str) -> None:
    data = written(form, codec, rate, layout)
    sound = decode(data)
    assert sound.sample_rate == rate
    assert sound.seconds == pytest.approx(2.0, abs=0.06)
    assert max(sound.pcm) > 0
    assert duration(data) == pytest.approx(sound.seconds, abs=0.001)


def test_duration_of_a_cut_file_is_what_is_left() -> None:
    data = encode_mp3(voice(4))
    assert duration(data) == pytest.approx(4, abs=0.05)
    assert 1.5 < duration(data[: len(data) // 2]) < 2.5


@pytest.mark.parametrize(
    "data", [b"not sound at all" * 99, b"\0" * 50_000, b"RIFF\xff\xff\xff\xffWAVEfmt ", b"OggS" * 999]
)
def test_garbage_is_unreadable(data: bytes) -> None:
    with pytest.raises(AudioError) as caught:
        decode(data)
    assert caught.value.code in ("unreadable", "empty")


def test_no_bytes_are_empty() -> None:
    with pytest.raises(AudioError, match="empty"):
        decode(b"")


def test_a_picture_has_no_sound() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10, width=64, height=64)
        stream.pix_fmt = "yuv420p"
        for packet in [*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(AudioError, match="no audio inside"):
        decode(file.getvalue())


def test_bounds_of_size_and_length() -> None:
    data = encode_voice_note(voice(3))
    with pytest.raises(AudioError, match="too_large"):
        decode(data, max_bytes=len(data) - 1)
    with pytest.raises(AudioError, match="too_long"):
        decode(data, max_seconds=2)
    with pytest.raises(AudioError, match="too_long"):
        duration(data, max_seconds=2)


def test_a_small_file_of_an_hour_stops_at_the_bound() -> None:
    bomb = encode_mp3(Sound(bytes(24_000 * 2 * 120), 24_000))
    with pytest.raises(AudioError, match="too_long"):
        decode(bomb, max_seconds=60)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    inner = tmp_path / "inner.ts"
    inner.write_bytes(written("mpegts", "aac"))
    lists = [
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{inner}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{inner}'\n",
    ]
    for text in lists:
        with pytest.raises(AudioError, match="unreadable"):
            decode(text.encode())


@pytest.mark.parametrize("rate", [1, 3_999, 2_000_000_000])
def test_rates_that_nothing_has_are_refused(rate: int) -> None:
    data = bytearray(written("wav", "pcm_s16le", 8_000, "mono"))
    data[24:28] = rate.to_bytes(4, "little")
    with pytest.raises(AudioError, match="unreadable"):
        decode(bytes(data))


def test_bytes_changed_anywhere_never_raise_anything_else() -> None:
    data = bytearray(encode_voice_note(voice(1)))
    for at in range(0, len(data), 37):
        changed = bytes(data[:at]) + bytes([data[at] ^ 0xFF]) + bytes(data[at + 1 :])
        with contextlib.suppress(AudioError):
            decode(changed)
