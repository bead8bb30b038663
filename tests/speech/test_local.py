"""The offline voice, for real: what it says is listened to by measurement, and no text may end the worker."""

import contextlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.speech.audio import decode, encode_mp3, encode_voice_note, is_silent, join, tidy
from app.speech.audio.loudness import loudness
from app.speech.normalise.dictionary import pronounced
from app.speech.pauses import gap_after
from app.speech.port import Sound, SpeechError, VoiceSettings
from app.speech.providers.local import Local, engine
from app.speech.providers.local.lexicon import PORTUGUESE
from app.speech.registry import provider
from tests.speech.sounds import floats, fundamental, steepest

BRAZILIAN = VoiceSettings("pt-br")
GREETING = "Olá Ana, aqui é da padaria. Seu pedido de pão de queijo está pronto."


@pytest.fixture
def local() -> Local:
    return provider("local", {})


@pytest.fixture
def own_engine():
    made = engine.Engine()
    yield made
    made.close()


def test_speaks_portuguese_into_files_that_play(local) -> None:
    sound = tidy(local.synthesise(GREETING, BRAZILIAN))
    assert sound.sample_rate == 22_050
    assert 3 < sound.seconds < 8
    assert not is_silent(sound)
    for encoded in (encode_mp3(sound), encode_voice_note(sound)):
        heard = decode(encoded)
        assert heard.seconds == pytest.approx(sound.seconds, abs=0.01)
        assert np.abs(floats(heard)).max() < 0.99
        assert not is_silent(heard)


def test_every_voice_that_is_listed_speaks_and_differs(local) -> None:
    voices = local.voices()
    assert len({voice.id for voice in voices}) == len(voices)
    spoken = {local.synthesise("Bom dia, Cecília. Gracias!", VoiceSettings(voice.id)).pcm for voice in voices}
    assert len(spoken) == len(voices)


def test_voices_by_language(local) -> None:
    brazilian = local.voices("pt-BR")
    assert {"male", "female"} == {voice.gender for voice in brazilian}
    assert {voice.language for voice in brazilian} == {"pt-BR"}
    assert {voice.language for voice in local.voices("en")} == {"en-US", "en-GB"}
    assert {voice.voice_class for voice in local.voices()} == {"local"}
    assert local.voices("xx") == []


def test_same_text_is_the_same_sound(local) -> None:
    assert local.synthesise(GREETING, BRAZILIAN) == local.synthesise(GREETING, BRAZILIAN)


@pytest.mark.parametrize("written, said", [("Thiago", "Tiago"), ("RUTH", "Rute"), ("o wi-fi", "o uaifai")])
def test_names_are_said_as_brazilians_say_them(local, written: str, said: str) -> None:
    assert local.synthesise(written, BRAZILIAN) == local.synthesise(said, BRAZILIAN)
    english = VoiceSettings("en-us")
    assert local.synthesise(written, english) != local.synthesise(said, english)


def test_the_lexicon_does_not_feed_on_itself() -> None:
    assert len(PORTUGUESE) > 70
    for written, said in PORTUGUESE.items():
        assert pronounced(said, PORTUGUESE) in (said, pronounced(written, PORTUGUESE))


@pytest.mark.parametrize("rate", [0.25, 0.5, 2.0, 4.0])
def test_rate_over_the_whole_range(local, rate: float) -> None:
    plain = tidy(local.synthesise(GREETING, BRAZILIAN)).seconds
    asked = tidy(local.synthesise(GREETING, VoiceSettings("pt-br", rate=rate))).seconds
    assert asked == pytest.approx(plain / rate, rel=0.15)


@pytest.mark.parametrize("semitones", [-6.0, 6.0])
def test_pitch_within_the_voices_own_reach(local, semitones: float) -> None:
    plain = local.synthesise(GREETING, VoiceSettings("pt-br+Andrea"))
    asked = local.synthesise(GREETING, VoiceSettings("pt-br+Andrea", pitch=semitones))
    assert 12 * np.log2(fundamental(asked) / fundamental(plain)) == pytest.approx(semitones, abs=3)


@pytest.mark.parametrize("semitones", [-20.0, 20.0])
def test_pitch_beyond_it_keeps_the_pace(local, semitones: float) -> None:
    plain = local.synthesise(GREETING, BRAZILIAN)
    asked = local.synthesise(GREETING, VoiceSettings("pt-br", pitch=semitones))
    assert asked.seconds == pytest.approx(plain.seconds, rel=0.15)
    assert not is_silent(asked)


def test_pauses_between_sentences(local) -> None:
    paused = VoiceSettings("pt-br", ssml={"sentence_pause_ms": 1500})
    plain = local.synthesise("Um. Dois. Três.", BRAZILIAN).seconds
    assert local.synthesise("Um. Dois. Três.", paused).seconds > plain + 1.5


def test_problems_are_named_by_field(local) -> None:
    settings = VoiceSettings("xx+nobody", rate=9, pitch=99, ssml={"emphasis": "loud", "style": "cheerful", "x": 1})
    assert set(local.problems(settings)) == {
        ("voice_id", "unknown"),
        ("rate", "out_of_range"),
        ("pitch", "out_of_range"),
        ("ssml.emphasis", "out_of_range"),
        ("ssml.style", "unsupported"),
        ("ssml.x", "unknown"),
    }
    assert local.problems(BRAZILIAN) == []
    with pytest.raises(SpeechError, match="unsupported"):
        local.synthesise("Oi", settings)


@pytest.mark.parametrize("voice_id", ["../../etc/passwd", "pt-br+../../x", "", "pt-br\0"])
def test_a_voice_is_one_of_the_list(local, voice_id: str) -> None:
    with pytest.raises(SpeechError, match="voice_id"):
        local.synthesise("Oi", VoiceSettings(voice_id))


MARKED = VoiceSettings("pt-br", ssml={"emphasis": "strong", "sentence_pause_ms": 100})
HOSTILE = [
    "Oi\0 Ana",
    "\x01\x1b[31mOi\x7f",
    "<speak><audio src='file:///etc/passwd'/>Oi</speak>",
    "</prosody></speak><break time='99999s'/>Oi",
    "<!DOCTYPE x [<!ENTITY a 'b'>]>&a; Oi",
    "]]> <![CDATA[Oi]]> <?pi Oi?>",
    "<" * 2000 + " Oi",
    "&" * 2000 + " Oi &#0; &#xFFFFFFFF;",
    "[[_^_en]] [[" + "a" * 900 + "]]",
    "مرحبا بك أحمد \u202e Oi",
    "你好，安娜 " * 50,
    "a" * 9000,
    "a " * 4500,
    "1" * 5000,
    "Oi " + "\u0301" * 3000,
    "\ud800 Oi \udfff",
    "👩‍👩‍👧‍👦🇧🇷 Oi 🏳️‍🌈",
    "Z̸̢͎̙͔͈a̵͉͊l̷̲̆g̶̭̽o̴̹͝",
    "\n\n.\n.\nOi",
    "!?" * 3000 + "a",
    "A.B.C.D." * 1000,
    "ＦＵＬＬ　ｗｉｄｔｈ ①②③ ½ ²",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("settings", [BRAZILIAN, MARKED], ids=["plain", "marked"])
def test_hostile_text_is_read_or_refused(local, text: str, settings: VoiceSettings) -> None:
    with contextlib.suppress(SpeechError):
        assert local.synthesise(text, settings).pcm
    assert local.synthesise("Bom dia", BRAZILIAN).seconds > 0.3


@pytest.mark.parametrize("text", ["", " ", "🎉🎉🎉", "...", "\0\0", "\u200b\u202e", "—!?", "\n\n"])
def test_nothing_to_say_is_unspeakable(local, text: str) -> None:
    with pytest.raises(SpeechError) as caught:
        local.synthesise(text, BRAZILIAN)
    assert caught.value.code == "unspeakable"
    assert not caught.value.retryable


@pytest.mark.parametrize("text", ["a" * 10_001, "a" * 1_000_000, "\0" * 1_000_000])
def test_too_long_is_said_before_anything_is_tried(local, text: str) -> None:
    with pytest.raises(SpeechError) as caught:
        local.synthesise(text, BRAZILIAN)
    assert caught.value.code == "too_long"


def test_marks_that_the_library_dies_of_are_left_out(local) -> None:
    """eSpeak NG 1.52 ends with a segmentation fault on figures in Spanish with emphasis."""
    plain = VoiceSettings("es+Andrea")
    assert local.synthesise("1999", VoiceSettings("es+Andrea", ssml={"emphasis": "strong"})).seconds == pytest.approx(
        local.synthesise("1999", plain).seconds, rel=0.5
    )


def test_a_text_of_hours_is_stopped(local) -> None:
    with pytest.raises(SpeechError) as caught:
        local.synthesise("你好" * 3000, BRAZILIAN)
    assert caught.value.code == "too_long"
    assert local.synthesise("Bom dia", BRAZILIAN).seconds > 0.3


def test_markup_in_the_text_is_not_obeyed(local) -> None:
    """A break of ten seconds, written by a stranger, does not lengthen the sound."""
    for settings in (BRAZILIAN, MARKED):
        asked = local.synthesise('Oi <break time="10s"/> Ana', settings)
        assert asked.seconds < 9


def test_many_threads_do_not_mix_their_voices(local) -> None:
    texts = [f"Número {word}, por favor." for word in ("um", "dois", "três", "quatro", "cinco", "seis")] * 4
    alone = {text: local.synthesise(text, BRAZILIAN).pcm for text in set(texts)}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: local.synthesise(text, BRAZILIAN).pcm, texts))
    assert together == [alone[text] for text in texts]


def speak(made: engine.Engine, text: str = "Bom dia"):
    return made.speak(text, voice="pt-br", words_per_minute=175, pitch=50, is_ssml=False)


def test_a_killed_process_is_started_again(own_engine) -> None:
    first = speak(own_engine)
    os.kill(own_engine._process.pid, signal.SIGKILL)
    own_engine._process.wait()
    assert speak(own_engine) == first


GREETS = (
    "import os, signal, struct, sys, time\n"
    "from pathlib import Path\n"
    "os.write(1, struct.pack('<iI', 22050, 0))\n"
    "def asked():\n"
    "    return sys.stdin.buffer.read(struct.unpack('<I', sys.stdin.buffer.read(4))[0])\n"
)


def stand_in(program: str) -> engine.Engine:
    """A process that greets as the real one does and then does what the test needs."""
    return engine.Engine(lambda: [sys.executable, "-I", "-S", "-c", GREETS + program])


def test_a_process_killed_in_the_middle_is_worth_another_try(tmp_path) -> None:
    once = tmp_path / "once"
    made = stand_in(
        f"asked(); once = Path({str(once)!r})\n"
        "if not once.exists():\n"
        "    once.touch(); os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.write(1, struct.pack('<iI', 22050, 4) + b'abcd')\n"
    )
    with pytest.raises(SpeechError) as caught:
        speak(made)
    assert caught.value.code == "unavailable"
    assert caught.value.retryable
    assert speak(made).pcm == b"abcd"
    made.close()


def test_a_crash_on_a_text_is_that_texts_fault_and_costs_no_one_else(tmp_path) -> None:
    """The real process around a library that dies of one text."""
    source = Path(engine._SPEAKER).read_text()
    assert "        self.lib.espeak_ng_SetRandSeed(1)\n" in source
    deadly = source.replace(
        "        self.lib.espeak_ng_SetRandSeed(1)\n",
        "        if 'morra' in text:\n            os.abort()\n",
    )
    program = tmp_path / "speaker.py"
    program.write_text(deadly)
    made = engine.Engine(lambda: [*engine._command()[:3], str(program), *engine._command()[4:]])
    before = speak(made)
    pid = made._process.pid
    with pytest.raises(SpeechError) as caught:
        speak(made, "morra")
    assert caught.value.code == "unspeakable"
    assert not caught.value.retryable
    assert speak(made) == before
    assert made._process.pid == pid
    made.close()


def test_no_answer_in_time_is_a_timeout_and_the_process_goes(monkeypatch) -> None:
    monkeypatch.setattr(engine, "BASE_SECONDS", 0.2)
    made = stand_in("sys.stdin.read()\n")
    with pytest.raises(SpeechError) as caught:
        speak(made)
    assert caught.value.code == "timeout"
    assert caught.value.retryable
    assert made._process is None


def test_a_machine_without_the_library_says_so() -> None:
    made = engine.Engine(lambda: [sys.executable, "-I", "-S", str(engine._SPEAKER), "/nowhere.so", "/nowhere"])
    with pytest.raises(SpeechError) as caught:
        speak(made)
    assert caught.value.code == "unavailable"
    assert not caught.value.retryable


def test_a_forked_worker_takes_a_process_of_its_own(own_engine) -> None:
    """Pipes shared with the parent would mix the answers of the two."""
    mine = speak(own_engine)
    pid = own_engine._process.pid
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        same = speak(own_engine) == mine and own_engine._process.pid != pid
        own_engine.close()
        os.write(writer, b"1" if same else b"0")
        os._exit(0)
    assert os.read(reader, 1) == b"1"
    os.waitpid(child, 0)
    assert own_engine._process.pid == pid
    assert speak(own_engine) == mine


def test_an_interrupted_job_leaves_no_half_answer() -> None:
    """A job's time limit is raised in the middle of the reading; the next job must not get the old one's words."""

    class TimeUp(Exception):
        pass

    def up(*_) -> None:
        raise TimeUp

    made = stand_in(
        "said = asked()\n"
        "if b'longa' in said:\n"
        "    os.write(1, struct.pack('<iI', 22050, 8) + b'long'); os.kill(os.getppid(), signal.SIGUSR1); time.sleep(600)\n"
        "os.write(1, struct.pack('<iI', 22050, 4) + b'abcd')\n"
    )
    previous = signal.signal(signal.SIGUSR1, up)
    try:
        with pytest.raises(TimeUp):
            speak(made, "Esta frase longa não chega")
        assert speak(made).pcm == b"abcd"
    finally:
        signal.signal(signal.SIGUSR1, previous)
        made.close()


@pytest.mark.parametrize("voice_id", ["pt-br", "pt-br+Andrea", "pt-br+antonio"])
def test_a_name_and_the_rest_sound_as_if_said_together(local, voice_id: str) -> None:
    """Against the same sentence in one piece: as long, as loud, a pause like a comma's, no click."""
    settings = VoiceSettings(voice_id)
    whole = tidy(local.synthesise("Olá Ana, seu pedido de pão de queijo está pronto.", settings))
    parts = [
        tidy(local.synthesise(text, settings)) for text in ("Olá Ana,", "seu pedido de pão de queijo está pronto.")
    ]
    joined = join(parts, gap_after("Olá Ana,"))
    assert joined.seconds == pytest.approx(whole.seconds, abs=0.12)
    assert levels(joined) == pytest.approx(levels(whole), abs=1.2)
    assert levels(parts[0]) == pytest.approx(levels(parts[1]), abs=1.5)
    assert steepest(joined) <= 1.05 * max(steepest(part) for part in parts)
    assert longest_pause(joined) == pytest.approx(longest_pause(whole), abs=0.08)


def levels(sound: Sound) -> float:
    return loudness(floats(sound).astype(np.float32), sound.sample_rate)


def longest_pause(sound: Sound) -> float:
    """Inside the sound, in seconds."""
    window = sound.sample_rate // 100
    values = floats(sound)[: len(sound.pcm) // 2 // window * window].reshape(-1, window)
    heard = np.flatnonzero(np.sqrt((values**2).mean(axis=1)) > 0.01)
    return float(np.diff(heard).max()) / 100
