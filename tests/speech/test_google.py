"""Google's own client library, over its REST interface, answered by a real server."""

import base64
import io
import json
import wave

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.speech.port import SpeechError, VoiceSettings
from app.speech.providers.google import client as module
from app.speech.registry import provider
from tests.speech.sounds import voice
from tests.speech.wire import Wire

API_KEY = "AIzaSyExampleExampleExampleExample0"
WAVENET = VoiceSettings("pt-BR-Wavenet-A")
CHIRP = VoiceSettings("pt-BR-Chirp3-HD-Aoede")


def wav(seconds: float = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 24_000, 0, "NONE", ""))
        out.writeframes(voice(seconds).pcm)
    return file.getvalue()


def audio(raw: bytes) -> dict:
    return {"audioContent": base64.b64encode(raw).decode()}


def problem(status: int, message: str, kind: str = "INVALID_ARGUMENT") -> dict:
    return {"error": {"code": status, "message": message, "status": kind}}


@pytest.fixture
def google(wire: Wire):
    return provider("google", {"api_key": API_KEY}, endpoint=wire.url)


@pytest.fixture(scope="module")
def key_file() -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "project_id": "padaria",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": "voz@padaria.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://evil.example/token",
    }


def test_speaks(google, wire) -> None:
    wire.answer(200, audio(wav()))
    sound = google.synthesise("Olá Ana", WAVENET)
    assert (sound.pcm, sound.sample_rate) == (voice(1).pcm, 24_000)
    asked = wire.asked[0]
    assert (asked.method, asked.path.partition("?")[0]) == ("POST", "/v1/text:synthesize")
    assert asked.headers["x-goog-api-key"] == API_KEY
    assert API_KEY not in asked.path
    assert asked.json["input"] == {"text": "Olá Ana"}
    assert asked.json["voice"] == {"languageCode": "pt-BR", "name": "pt-BR-Wavenet-A"}
    config = asked.json["audioConfig"]
    assert config["audioEncoding"] in ("LINEAR16", 1)
    assert (config["sampleRateHertz"], config["speakingRate"]) == (24_000, 1.0)


def test_settings_are_mapped(google, wire) -> None:
    wire.answer(200, audio(wav()))
    ssml = {"emphasis": "strong", "sentence_pause_ms": 250, "effects": "handset-class-device"}
    settings = VoiceSettings("pt-BR-Neural2-C", rate=0.25, pitch=-20, volume=6, ssml=ssml)
    google.synthesise("Oi <b>. Tchau!", settings)
    asked = wire.asked[0].json
    assert asked["input"] == {
        "ssml": '<speak><emphasis level="strong">Oi &lt;b&gt;.<break time="250ms"/> Tchau!</emphasis></speak>'
    }
    config = asked["audioConfig"]
    assert (config["speakingRate"], config["pitch"]) == (0.25, -20.0)
    assert config["effectsProfileId"] == ["handset-class-device"]
    assert "volumeGainDb" not in config  # evened afterwards, see VoiceSettings


def test_lists_voices(google, wire) -> None:
    wire.answer(
        200,
        {
            "voices": [
                {
                    "languageCodes": ["pt-BR"],
                    "name": "pt-BR-Wavenet-A",
                    "ssmlGender": "FEMALE",
                    "naturalSampleRateHertz": 24000,
                },
                {"languageCodes": ["pt-BR"], "name": "pt-BR-Chirp3-HD-Puck", "ssmlGender": "MALE"},
                {"languageCodes": ["pt-BR"], "name": "pt-BR-Standard-B", "ssmlGender": "MALE"},
                {"languageCodes": ["pt-BR"], "name": "pt-BR-Neural2-A"},
                {"name": "nowhere"},
            ]
        },
    )
    found = google.voices("pt-BR")
    assert [(each.id, each.voice_class) for each in found] == [
        ("pt-BR-Wavenet-A", "wavenet"),
        ("pt-BR-Chirp3-HD-Puck", "chirp"),
        ("pt-BR-Standard-B", "standard"),
        ("pt-BR-Neural2-A", "neural2"),
    ]
    assert (found[0].name, found[0].gender, found[0].language) == ("Wavenet A", "female", "pt-BR")
    assert wire.asked[0].path.startswith("/v1/voices?")
    assert "languageCode=pt-BR" in wire.asked[0].path


def test_a_service_account_signs_in_at_google_only(wire, key_file) -> None:
    """The address in the pasted file is not used: it could be anybody's."""
    wire.answer(200, {"access_token": "ya29.token", "expires_in": 3600, "token_type": "Bearer"})
    wire.answer(200, audio(wav()))
    google = provider("google", {"service_account": json.dumps(key_file)}, endpoint=wire.url)
    assert google.synthesise("Olá", WAVENET).seconds == 1
    token, speech = wire.asked
    assert token.path == "/token"
    assert b"assertion=" in token.raw
    assert speech.headers["authorization"] == "Bearer ya29.token"
    default = module._credentials({"service_account": json.dumps(key_file)}, module.TOKEN_URI)
    assert default._token_uri == "https://oauth2.googleapis.com/token"


def test_a_service_account_that_was_deleted(wire, key_file) -> None:
    wire.answer(400, {"error": "invalid_grant", "error_description": "Invalid grant: account not found"})
    google = provider("google", {"service_account": json.dumps(key_file)}, endpoint=wire.url)
    with pytest.raises(SpeechError) as caught:
        google.voices()
    assert (caught.value.code, caught.value.retryable) == ("credentials", False)
    assert key_file["private_key"] not in str(caught.value)


@pytest.mark.parametrize("given", [{}, {"service_account": ""}, {"service_account": "x"}, {"service_account": "[]"},
    {"service_account": "null"}, {"service_account": "{}"}, {"service_account": '{"type": "authorized_user"}'}])  # fmt: skip
def test_credentials_that_cannot_be_right(given: dict[str, str], wire) -> None:
    """Without them Google's library would look for this machine's own."""
    with pytest.raises(SpeechError) as caught:
        provider("google", given, endpoint=wire.url).voices()
    assert caught.value.code == "credentials"
    assert wire.asked == []


@pytest.mark.parametrize(
    "status, message, kind, code, retryable",
    [
        (400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", "credentials", False),
        (400, "Voice 'pt-BR-Wavenet-Z' does not exist. Is it misspelled?", "INVALID_ARGUMENT", "unsupported", False),
        (400, "This voice does not support pitch parameters at this time.", "INVALID_ARGUMENT", "unsupported", False),
        (400, "This request contains sentences that are too long.", "INVALID_ARGUMENT", "too_long", False),
        (400, "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes.", "INVALID_ARGUMENT", "too_long", False),
        (400, "Invalid SSML. Newer voices like Neural2 require valid SSML.", "INVALID_ARGUMENT", "unspeakable", False),
        (401, "Request had invalid authentication credentials.", "UNAUTHENTICATED", "credentials", False),
        (403, "Cloud Text-to-Speech API has not been used in project 1 before or it is disabled.", "PERMISSION_DENIED", "credentials", False),
        (429, "Quota exceeded for quota metric", "RESOURCE_EXHAUSTED", "quota", True),
        (500, "Internal error encountered.", "INTERNAL", "unavailable", True),
        (503, "The service is currently unavailable.", "UNAVAILABLE", "unavailable", True),
        (504, "Deadline exceeded", "DEADLINE_EXCEEDED", "timeout", True),
    ],
)  # fmt: skip
def test_refusals_by_kind(google, wire, status: int, message: str, kind: str, code: str, retryable: bool) -> None:
    wire.answer(status, problem(status, f"{message} {API_KEY}", kind), content_type="application/json")
    with pytest.raises(SpeechError) as caught:
        google.synthesise("Oi", WAVENET)
    error = caught.value
    assert (error.code, error.retryable, error.outage) == (code, retryable, retryable)
    assert message[:20] in error.detail
    assert API_KEY not in str(error)
    # Google's library looks for fresh credentials on a 401 by itself.
    assert len(wire.asked) == (3 if code == "unavailable" or status == 401 else 1)


def test_a_hiccup_is_tried_again(google, wire) -> None:
    wire.answer(503, problem(503, "away", "UNAVAILABLE"))
    wire.reset()
    wire.answer(200, audio(wav()))
    assert google.synthesise("Oi", WAVENET).seconds == 1


def test_silence_of_the_server_is_a_timeout(google, wire, monkeypatch) -> None:
    monkeypatch.setattr(module, "SYNTHESIS_SECONDS", 0.2)
    wire.hang()
    with pytest.raises(SpeechError) as caught:
        google.synthesise("Oi", WAVENET)
    assert caught.value.code == "timeout"
    assert len(wire.asked) == 1


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(SpeechError, match="unavailable"):
        provider("google", {"api_key": API_KEY}, endpoint="http://127.0.0.1:9").voices()


@pytest.mark.parametrize("raw", [b"", b"not sound"])
def test_an_answer_without_sound_is_said(google, wire, raw: bytes) -> None:
    wire.answer(200, audio(raw))
    with pytest.raises(SpeechError, match="unspeakable"):
        google.synthesise("Oi", WAVENET)


def test_an_answer_that_is_no_answer(google, wire) -> None:
    wire.answer(200, b"<html>captive portal</html>")
    with pytest.raises(SpeechError):
        google.synthesise("Oi", WAVENET)


def test_what_google_cannot_do(google) -> None:
    assert google.problems(WAVENET) == google.problems(CHIRP) == []
    assert google.problems(VoiceSettings("pt-BR-Wavenet-A", rate=4)) == [("rate", "out_of_range")]
    assert google.problems(VoiceSettings("A B")) == [("voice_id", "unknown")]
    hd = VoiceSettings(CHIRP.voice_id, pitch=1, ssml={"emphasis": "strong"})
    assert google.problems(hd) == [("pitch", "unsupported"), ("ssml.emphasis", "unsupported")]


def test_the_limit_is_in_bytes(google) -> None:
    with pytest.raises(SpeechError, match="too_long"):
        google.synthesise("ã" * 4000, WAVENET)
    with pytest.raises(SpeechError, match="too_long"):
        google.synthesise("a" * 4501, WAVENET)
