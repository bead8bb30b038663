"""The four providers behind one shape."""

import subprocess
import sys

import pytest

from app.speech.port import SpeechError, VoiceSettings
from app.speech.providers.calling import persistent, redacted
from app.speech.registry import NAMES, provider

CREDENTIALS = {
    "google": {"api_key": "AIzaSyExample"},
    "amazon": {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "secret-secret", "region": "us-east-1"},
    "azure": {"key": "0123456789abcdef", "region": "brazilsouth"},
    "local": {},
}
VOICES = {
    "google": "pt-BR-Wavenet-A",
    "amazon": "Camila:standard",
    "azure": "pt-BR-FranciscaNeural",
    "local": "pt-br",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_provider_has_the_ports_shape(name: str) -> None:
    made = provider(name, CREDENTIALS[name])
    assert made.name == name
    assert 1000 <= made.max_characters <= 20_000
    assert made.problems(VoiceSettings(VOICES[name])) == []
    assert made.voice_class(VOICES[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "changes, field",
    [
        ({"rate": 0.2}, "rate"),
        ({"rate": 4.01}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"pitch": 20.5}, "pitch"),
        ({"pitch": float("inf")}, "pitch"),
        ({"volume": -97}, "volume"),
        ({"volume": 16.1}, "volume"),
        ({"voice_id": " "}, "voice_id"),
        ({"ssml": {"sentence_pause_ms": 5001}}, "ssml.sentence_pause_ms"),
        ({"ssml": {"sentence_pause_ms": True}}, "ssml.sentence_pause_ms"),
        ({"ssml": {"raw": "<break/>"}}, "ssml.raw"),
    ],
)
def test_bounds_hold_for_every_provider(name: str, changes: dict, field: str) -> None:
    settings = VoiceSettings(**({"voice_id": VOICES[name]} | changes))
    assert field in [found for found, _ in provider(name, CREDENTIALS[name]).problems(settings)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", "🎉", "\0", "…"])
def test_nothing_to_say_asks_nobody(name: str, text: str) -> None:
    with pytest.raises(SpeechError) as caught:
        provider(name, CREDENTIALS[name], endpoint="http://127.0.0.1:9").synthesise(text, VoiceSettings(VOICES[name]))
    assert caught.value.code == "unspeakable"


def test_an_unknown_provider_is_a_key_error() -> None:
    for name in ("gtts", "", "local.speaker", "../x"):
        with pytest.raises(KeyError):
            provider(name, {})


def test_secrets_are_hidden_and_details_short() -> None:
    assert redacted("key=abcdef-1\n no", ["abcdef-1"]) == "key=*** no"
    assert len(redacted("x" * 10_000, [])) == 300
    assert redacted("a b", ["a"]) == "a b"


def test_trying_again_stops() -> None:
    pauses, calls = [], []

    def fail() -> None:
        calls.append(1)
        raise SpeechError("unavailable")

    with pytest.raises(SpeechError):
        persistent(fail, pauses.append)
    assert len(calls) == 3
    assert pauses == sorted(pauses)


def test_asking_what_a_provider_can_do_loads_no_heavy_library() -> None:
    """The pages ask this in the web's process, which never speaks itself."""
    program = (
        "import sys\n"
        "from app.speech.port import VoiceSettings\n"
        "from app.speech.registry import provider\n"
        "for name, credentials, voice in (('google', {'api_key': 'x'}, 'pt-BR-Wavenet-A'), ('local', {}, 'pt-br'),"
        " ('azure', {'key': 'x' * 9, 'region': 'brazilsouth'}, 'pt-BR-FranciscaNeural')):\n"
        "    assert provider(name, credentials).problems(VoiceSettings(voice)) == []\n"
        "heavy = {'av', 'numpy', 'grpc', 'google.cloud.texttospeech', 'boto3'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
