"""Loudness, silence, seams: listening by measurement."""

import numpy as np
import pytest

from app.speech.audio import AudioError, is_silent, join, peaks, resample, shifted, stretched, tidy
from app.speech.audio.loudness import limited, loudness
from app.speech.pauses import gap_after
from app.speech.port import Sound
from tests.speech.sounds import floats, fundamental, silence, steepest, together, voice


def level(sound: Sound) -> float:
    return loudness(floats(sound).astype(np.float32), sound.sample_rate)


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_loudness_of_the_standards_own_tone(rate: int) -> None:
    """EBU Tech 3341, case 1: a 1 kHz sine at −23 dBFS; one channel alone measures 3 dB under the stereo pair."""
    t = np.arange(rate * 5) / rate
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * t)
    assert loudness(tone.astype(np.float32), rate) == pytest.approx(-26.0, abs=0.1)


def test_pauses_do_not_count_in_the_loudness() -> None:
    spoken = voice(3)
    assert level(together(spoken, silence(6), spoken)) == pytest.approx(level(spoken), abs=0.5)


@pytest.mark.parametrize("loud", [0.01, 0.03, 0.1, 0.25])
@pytest.mark.parametrize("seconds", [0.25, 1.0, 4.0])
def test_loudness_is_even_whatever_came_in(loud: float, seconds: float) -> None:
    assert level(tidy(voice(seconds, level=loud))) == pytest.approx(-16, abs=1.0)


def test_peaks_stay_under_the_ceiling_without_clipping() -> None:
    loud = tidy(voice(3), volume=16)
    assert np.abs(floats(loud)).max() <= 10 ** (-3 / 20) + 1e-4
    assert steepest(loud) < 0.6
    plain = tidy(voice(3))
    assert np.corrcoef(floats(loud), floats(plain))[0, 1] > 0.9


def test_limiter_leaves_what_is_low_enough_alone() -> None:
    values = floats(voice(1)).astype(np.float32)
    assert limited(values, 24_000, 0.99) is values


@pytest.mark.parametrize("volume", [-40.0, -10.0, 0.0, 3.0])
def test_volume_is_heard_as_asked(volume: float) -> None:
    assert level(tidy(voice(3), volume=volume)) == pytest.approx(-16 + volume, abs=0.7)


def test_silence_at_the_ends_is_cut_and_pauses_stay() -> None:
    sound = tidy(together(silence(2), voice(1), silence(0.7), voice(1), silence(3)))
    assert sound.seconds == pytest.approx(2.7 + 0.16, abs=0.06)


def test_quiet_hiss_at_the_ends_is_silence_too() -> None:
    hiss = np.random.default_rng(3).normal(0, 10, 24_000).astype("<i2").tobytes()
    assert tidy(together(Sound(hiss, 24_000), voice(1), Sound(hiss, 24_000))).seconds == pytest.approx(1.16, abs=0.06)


def test_ends_begin_and_stop_at_zero() -> None:
    values = floats(tidy(voice(1)))
    assert abs(values[0]) < 1e-3
    assert abs(values[-1]) < 1e-3


def test_silence_becomes_nothing() -> None:
    assert tidy(silence(2)).pcm == b""
    assert tidy(Sound(b"", 24_000)).pcm == b""
    assert is_silent(silence(1))
    assert not is_silent(voice(0.2))


def test_tidy_twice_is_tidy_once() -> None:
    once = tidy(together(silence(1), voice(2), silence(1)))
    twice = tidy(once)
    assert twice.seconds == pytest.approx(once.seconds, abs=0.03)
    assert level(twice) == pytest.approx(level(once), abs=0.2)


@pytest.mark.parametrize("gap_ms", [0, 1, 60, 250])
@pytest.mark.parametrize("rates", [(24_000, 24_000), (22_050, 16_000), (8_000, 24_000)])
def test_no_click_where_parts_meet(gap_ms: int, rates: tuple[int, int]) -> None:
    """Cut in the middle of a loud vowel: the worst seam there is."""
    parts = [resample(voice(1.063, rate, 0.3), max(rates)) for rate in rates]
    whole = join(parts, gap_ms)
    assert steepest(whole) <= 1.05 * max(steepest(part) for part in parts)
    expected = sum(part.seconds for part in parts) + (gap_ms / 1000 if gap_ms else -0.012)
    assert whole.seconds == pytest.approx(expected, abs=0.002)


def test_a_click_would_be_noticed() -> None:
    part = voice(1.063, level=0.3)
    assert steepest(together(part, part)) > 1.05 * steepest(part)


def test_join_takes_the_highest_rate_and_leaves_out_nothings() -> None:
    whole = join([voice(1, 16_000), Sound(b"", 48_000), voice(1, 22_050)], 100)
    assert whole.sample_rate == 22_050
    assert whole.seconds == pytest.approx(2.1, abs=0.002)
    with pytest.raises(AudioError, match="empty"):
        join([Sound(b"", 16_000)])


def test_each_part_may_have_a_gap_of_its_own() -> None:
    whole = join([voice(1), voice(1), Sound(b"", 24_000), voice(1)], [100, 0, 500, 900])
    assert whole.seconds == pytest.approx(3.1 - 0.012, abs=0.002)
    with pytest.raises(ValueError):
        join([voice(1), voice(1)], [100])


@pytest.mark.parametrize(
    "text, gap", [("Olá Ana,", 30), ("Bom dia! ", 220), ("(ok.)", 220), ("Veja:", 110), ("Olá", 0), ("", 0)]
)
def test_pauses_follow_the_mark(text: str, gap: int) -> None:
    assert gap_after(text) == gap


def test_one_part_is_itself() -> None:
    sound = voice(1)
    assert join([sound]).pcm == sound.pcm


def test_no_hole_at_the_seam_either() -> None:
    """Energy over the cross-fade stays near that of its neighbours."""
    whole = floats(join([voice(1.0), voice(1.0, pitch=170.0)]))
    seam = 24_000 - int(0.012 * 24_000)
    near = [np.sqrt((whole[at : at + 288] ** 2).mean()) for at in (seam - 288, seam, seam + 288)]
    assert near[1] > 0.5 * min(near[0], near[2])


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_resampling_keeps_length_and_level(rate: int) -> None:
    sound = voice(2, 24_000)
    other = resample(sound, rate)
    assert other.seconds == pytest.approx(2, abs=0.001)
    assert (floats(other) ** 2).mean() == pytest.approx((floats(sound) ** 2).mean(), rel=0.1)


def test_peaks_draw_the_sound() -> None:
    drawn = peaks(together(voice(1), silence(1)), 64)
    assert len(drawn) == 64
    assert max(drawn) == 100
    assert min(drawn[:31]) > 0
    assert max(drawn[33:]) == 0


def test_peaks_of_little_and_of_nothing() -> None:
    assert peaks(Sound(b"", 8_000), 5) == [0] * 5
    assert peaks(silence(1), 5) == [0] * 5
    assert len(peaks(Sound(b"\1\0\2\0", 8_000), 64)) == 64
    assert peaks(voice(1), 0) == []


@pytest.mark.parametrize("factor", [0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.5])
def test_stretching_changes_the_length_alone(factor: float) -> None:
    sound = voice(2, pitch=200.0, level=0.3)
    other = stretched(sound, factor)
    assert other.seconds == pytest.approx(2 / factor, rel=0.06)
    assert fundamental(other) == pytest.approx(200, rel=0.03)


@pytest.mark.parametrize("semitones", [-14, -5, 5, 11])
def test_shifting_changes_the_pitch_alone(semitones: int) -> None:
    sound = voice(2, pitch=200.0, level=0.3)
    other = shifted(sound, semitones)
    assert other.seconds == pytest.approx(2, rel=0.06)
    assert 12 * np.log2(fundamental(other) / 200) == pytest.approx(semitones, abs=0.3)
