"""What is written is read back by the real decoder, and looked at packet by packet."""

import io

import av
import pytest

from app.speech.audio import VOICE_NOTE_LIMIT, AudioError, decode, encode_mp3, encode_voice_note
from app.speech.audio.opus import code_3
from app.speech.port import Sound
from tests.speech.sounds import floats, silence, voice


def packets(data: bytes) -> list[tuple[bytes, int]]:
    with av.open(io.BytesIO(data)) as container:
        return [(bytes(packet), packet.duration or 0) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_voice_note_is_mono_opus_in_ogg(rate: int) -> None:
    data = encode_voice_note(voice(2.5, rate))
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        assert container.format.name == "ogg"
        assert stream.codec_context.name == "opus"
        assert stream.codec_context.channels == 1
        assert stream.codec_context.sample_rate == 48_000
        head = stream.codec_context.extradata
    assert head[:8] == b"OpusHead"
    assert head[9] == 1  # channels
    assert int.from_bytes(head[12:16], "little") == 16_000
    assert decode(data).seconds == pytest.approx(2.5, abs=0.002)


def test_every_packet_holds_three_frames_of_20_ms_like_a_phones() -> None:
    taken = packets(encode_voice_note(voice(3)))
    assert {packet[0] & 0b11 for packet, _ in taken} == {3}
    assert {packet[0] >> 3 for packet, _ in taken} == {9}  # SILK, wideband, 20 ms
    assert {packet[1] & 0b0011_1111 for packet, _ in taken[:-1]} == {3}
    assert sum(length for _, length in taken) / 48_000 == pytest.approx(3, abs=0.02)


def test_lengths_of_two_bytes_survive_the_repacking() -> None:
    toc, sizes = 9 << 3, (3, 251, 252, 255, 600, 1275)
    frames = [bytes([toc]) + bytes([n % 251]) * size for n, size in enumerate(sizes)]
    packet = code_3(frames)
    at, lengths = 2, []
    for _ in sizes[:-1]:
        size = packet[at]
        at += 1
        if size >= 252:
            size += 4 * packet[at]
            at += 1
        lengths.append(size)
    assert tuple(lengths) == sizes[:-1]
    assert packet[at:] == b"".join(frame[1:] for frame in frames)


def test_voice_note_sounds_like_what_went_in() -> None:
    sound = voice(2, 16_000)
    heard = floats(decode(encode_voice_note(sound)))[::3]
    asked = floats(sound)[: len(heard)]
    assert (heard**2).mean() == pytest.approx((asked**2).mean(), rel=0.25)


@pytest.mark.parametrize("minutes", [3, 10])
def test_a_long_note_stays_under_the_limit(minutes: int) -> None:
    sound = voice(10)
    data = encode_voice_note(Sound(sound.pcm * 6 * minutes, sound.sample_rate))
    assert len(data) <= VOICE_NOTE_LIMIT
    assert decode(data).seconds == pytest.approx(60 * minutes, abs=0.01)


@pytest.mark.parametrize("rate, written_at", [(8_000, 24_000), (22_050, 24_000), (24_000, 24_000), (48_000, 48_000)])
def test_mp3_has_128_kbit(rate: int, written_at: int) -> None:
    data = encode_mp3(voice(4, rate))
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "mp3float"
        assert stream.codec_context.channels == 1
        assert stream.codec_context.sample_rate == written_at
        assert stream.bit_rate == 128_000
    assert decode(data).seconds == pytest.approx(4, abs=0.002)


def test_the_same_sound_is_the_same_file() -> None:
    for encode in (encode_mp3, encode_voice_note):
        assert encode(voice(1)) == encode(voice(1))


def test_nothing_is_not_encoded() -> None:
    for encode in (encode_mp3, encode_voice_note):
        with pytest.raises(AudioError, match="empty"):
            encode(Sound(b"", 24_000))


def test_a_blink_and_silence_are_encoded() -> None:
    for sound in (silence(0.01), silence(1)):
        assert decode(encode_voice_note(sound)).seconds == pytest.approx(sound.seconds, abs=0.002)
        assert decode(encode_mp3(sound)).seconds == pytest.approx(sound.seconds, abs=0.03)


def test_another_decoder_hears_the_same() -> None:
    """libopus itself, packet by packet, besides FFmpeg's own decoder that the rest is read with."""
    data = encode_voice_note(voice(2, 16_000))
    with av.open(io.BytesIO(data)) as container:
        decoder = av.CodecContext.create("libopus", "r")
        decoder.extradata = container.streams.audio[0].codec_context.extradata
        frames = [
            frame for packet in container.demux(audio=0) for frame in decoder.decode(packet if packet.size else None)
        ]
    heard = sum(frame.samples for frame in frames) / frames[0].sample_rate
    assert heard == pytest.approx(2, abs=0.07)
    loudest = max(float(abs(frame.to_ndarray()).max()) for frame in frames)
    assert loudest > 0.05 * (32768 if frames[0].format.name.startswith("s16") else 1)
