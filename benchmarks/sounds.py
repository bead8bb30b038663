"""Voice notes and MP3 against bare PyAV; the offline voice against its library called in this process.

The limit of an encoding does what a recipe on the net does: resample and encode, one frame to the packet. Ours also
takes the packets apart for iPhones. The offline voice pays for a process of its own and a fork for each text.
"""

import io
import time
from collections.abc import Callable
from fractions import Fraction
from typing import cast

import av
import espeakng_loader
from av.audio.resampler import AudioResampler

from app.speech.audio import encode_mp3, encode_voice_note, join, tidy
from app.speech.audio.shaping import frame_of
from app.speech.port import Sound, VoiceSettings
from app.speech.providers.local.speaker import Speaker
from app.speech.registry import provider
from benchmarks.common import Stack
from benchmarks.report import Row, interleave, main

TEXT = "Olá Ana, aqui é da padaria. Seu pedido de dez pães de queijo fica pronto às catorze horas e trinta minutos."
TEXTS = 20
NOTE = {"application": "voip", "frame_duration": "20", "vbr": "constrained", "compression_level": "6"}
MP3 = {"compression_level": "7"}
VOICE = VoiceSettings("pt-br")


def run(stack: Stack, rounds: int) -> list[Row]:
    local = provider("local", {})
    sound = tidy(local.synthesise(TEXT, VOICE))
    minute = join([sound] * 10, 200)
    bare = Speaker(str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path()))
    rows = []
    for goal, ours, limit in (
        (
            "voice note",
            lambda: encode_voice_note(minute),
            lambda: _bare(minute, "ogg", "libopus", 16_000, 28_000, NOTE),
        ),
        ("MP3", lambda: encode_mp3(minute), lambda: _bare(minute, "mp3", "libmp3lame", 24_000, 128_000, MP3)),
    ):
        pair = interleave(_speed(ours, minute.seconds), _speed(limit, minute.seconds), rounds)
        figure, best = f"{pair.our_median:.0f}× real time", f"{pair.limit_median:.0f}×"
        rows.append(Row(f"sounds: {goal} encoded", figure, best, pair.ratio, 0.70))
    pair = interleave(
        _speed(lambda: [local.synthesise(TEXT, VOICE) for _ in range(TEXTS)], TEXTS),
        _speed(lambda: [bare.speak(TEXT, "pt-br", 175, 50, False) for _ in range(TEXTS)], TEXTS),
        rounds,
    )
    figure, best = f"{pair.our_median:.0f} texts/s", f"{pair.limit_median:.0f}/s"
    rows.append(Row("sounds: offline voice", figure, best, pair.ratio, 0.40))
    pair = interleave(_speed(lambda: _whole(local), TEXTS), _speed(lambda: _encoded_only(sound), TEXTS), rounds)
    figure, best = f"{pair.our_median:.0f} messages/s", f"{pair.limit_median:.0f}/s"
    return [*rows, Row("sounds: text to both files; limit: the files alone", figure, best, pair.ratio, 0.50)]


def _speed(work: Callable[[], object], amount: float) -> Callable[[], float]:
    def measured() -> float:
        started = time.perf_counter()
        work()
        return amount / (time.perf_counter() - started)

    return measured


def _whole(local: object) -> None:
    for _ in range(TEXTS):
        sound = tidy(local.synthesise(TEXT, VOICE))  # type: ignore[attr-defined]
        encode_mp3(sound)
        encode_voice_note(sound)


def _encoded_only(sound: Sound) -> None:
    for _ in range(TEXTS):
        _bare(sound, "mp3", "libmp3lame", 24_000, 128_000, MP3)
        _bare(sound, "ogg", "libopus", 16_000, 28_000, NOTE)


def _bare(sound: Sound, form: str, codec: str, rate: int, bitrate: int, options: dict[str, str]) -> bytes:
    file, resampler = io.BytesIO(), AudioResampler("s16", "mono", rate)
    with av.open(file, "w", format=form) as container:
        stream = cast(av.AudioStream, container.add_stream(codec, rate=rate, layout="mono", options=options))
        stream.bit_rate = bitrate
        at = 0
        frame = frame_of(sound.pcm, sound.sample_rate)
        frame.pts, frame.time_base = 0, Fraction(1, sound.sample_rate)
        for resampled in [*resampler.resample(frame), *resampler.resample(None)]:
            resampled.pts, at = at, at + resampled.samples
            for packet in stream.encode(resampled):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return file.getvalue()


if __name__ == "__main__":
    main(run)
