"""Polly through boto3: at the wire, and with moto's Polly."""

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from moto import mock_aws

from app.speech.port import SpeechError, VoiceSettings
from app.speech.providers import amazon as module
from app.speech.registry import provider
from tests.speech.sounds import voice
from tests.speech.wire import Wire

KEYS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "region": "us-east-1",
}
CAMILA = VoiceSettings("Camila:neural")
RICARDO = VoiceSettings("Ricardo:standard")


@pytest.fixture
def amazon(wire: Wire) -> module.Amazon:
    return provider("amazon", KEYS, endpoint=wire.url)


def described(name: str, engines: list[str], language: str = "pt-BR") -> dict:
    return {
        "Id": name,
        "Name": name,
        "Gender": "Female",
        "LanguageCode": language,
        "LanguageName": "Brazilian Portuguese",
        "SupportedEngines": engines,
    }


def test_speaks(amazon, wire) -> None:
    pcm = voice(1, 16_000).pcm
    wire.answer(200, pcm, content_type="audio/pcm")
    sound = amazon.synthesise("Olá <Ana>", CAMILA)
    assert (sound.pcm, sound.sample_rate) == (pcm, 16_000)
    asked = wire.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v1/speech")
    assert "AKIAIOSFODNN7EXAMPLE/" in asked.headers["authorization"]
    assert "/us-east-1/polly/aws4_request" in asked.headers["authorization"]
    assert asked.json == {
        "Engine": "neural",
        "OutputFormat": "pcm",
        "SampleRate": "16000",
        "Text": "Olá <Ana>",
        "TextType": "text",
        "VoiceId": "Camila",
    }


def test_settings_become_ssml(amazon, wire) -> None:
    wire.answer(200, voice(1, 16_000).pcm)
    ssml = {"emphasis": "moderate", "sentence_pause_ms": 300}
    amazon.synthesise("Oi & tchau. Até!", VoiceSettings("Ricardo:standard", rate=0.8, pitch=5, ssml=ssml))
    body = wire.asked[0].json
    assert body["TextType"] == "ssml"
    prosody = ElementTree.fromstring(body["Text"]).find("prosody")
    assert prosody.attrib == {"rate": "80%", "pitch": "+33.5%"}
    emphasis = prosody.find("emphasis")
    assert emphasis.attrib == {"level": "moderate"}
    assert emphasis.text == "Oi & tchau."
    assert emphasis.find("break").attrib == {"time": "300ms"}


def test_lists_every_page_and_every_engine(amazon, wire) -> None:
    wire.answer(200, {"Voices": [described("Camila", ["neural", "standard"])], "NextToken": "more"})
    wire.answer(200, {"Voices": [described("Amy", ["neural"], "en-GB"), described("Thiago", ["neural"])]})
    assert [(found.id, found.voice_class) for found in amazon.voices("pt-BR")] == [
        ("Camila:neural", "neural"),
        ("Camila:standard", "standard"),
        ("Thiago:neural", "neural"),
    ]
    assert [urlsplit(asked.path).path for asked in wire.asked] == ["/v1/voices", "/v1/voices"]
    assert parse_qs(urlsplit(wire.asked[1].path).query) == {"NextToken": ["more"]}


@pytest.mark.parametrize(
    "status, kind, code, retryable",
    [
        (400, "TextLengthExceededException", "too_long", False),
        (400, "InvalidSsmlException", "unspeakable", False),
        (400, "EngineNotSupportedException", "unsupported", False),
        (400, "ValidationException", "unsupported", False),
        (403, "UnrecognizedClientException", "credentials", False),
        (403, "InvalidSignatureException", "credentials", False),
        (403, "AccessDeniedException", "credentials", False),
        (400, "ThrottlingException", "quota", True),
        (429, "TooManyRequestsException", "quota", True),
        (500, "ServiceFailureException", "unavailable", True),
        (503, "Whatever", "unavailable", True),
        (403, "Whatever", "credentials", False),
    ],
)
def test_refusals_by_kind(amazon, wire, status: int, kind: str, code: str, retryable: bool) -> None:
    body = {"message": f"no, {KEYS['secret_access_key']}"}
    wire.answer(status, body, x_amzn_ErrorType=f"{kind}:http://internal.amazon.com/", content_type="application/json")
    with pytest.raises(SpeechError) as caught:
        amazon.synthesise("Oi", CAMILA)
    error = caught.value
    assert (error.code, error.retryable, error.outage) == (code, retryable, retryable)
    assert KEYS["secret_access_key"] not in str(error)
    assert len(wire.asked) == (3 if code == "unavailable" else 1)


def test_a_hiccup_is_tried_again(amazon, wire) -> None:
    wire.reset()
    wire.answer(500, {})
    wire.answer(200, voice(1, 16_000).pcm)
    assert amazon.synthesise("Oi", CAMILA).seconds == 1


def test_silence_of_the_server_is_a_timeout(wire, monkeypatch) -> None:
    monkeypatch.setattr(module, "SYNTHESIS_SECONDS", 0.2)
    wire.hang()
    with pytest.raises(SpeechError) as caught:
        provider("amazon", KEYS, endpoint=wire.url).synthesise("Oi", CAMILA)
    assert caught.value.code == "timeout"
    assert len(wire.asked) == 1


def test_a_cut_answer_is_not_taken_for_the_whole(amazon, wire) -> None:
    wire.cut(voice(1, 16_000).pcm)
    with pytest.raises(SpeechError, match="unavailable"):
        amazon.synthesise("Oi", CAMILA)


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(SpeechError, match="unavailable"):
        provider("amazon", KEYS, endpoint="http://127.0.0.1:9").voices()


def test_what_polly_cannot_do(amazon) -> None:
    assert amazon.problems(CAMILA) == amazon.problems(RICARDO) == []
    assert amazon.problems(VoiceSettings("Camila:neural", pitch=2, ssml={"emphasis": "strong"})) == [
        ("pitch", "unsupported"),
        ("ssml.emphasis", "unsupported"),
    ]
    assert amazon.problems(VoiceSettings("Ricardo:standard", rate=3, pitch=-12)) == [
        ("rate", "out_of_range"),
        ("pitch", "out_of_range"),
    ]
    assert amazon.problems(VoiceSettings("Camila")) == [("voice_id", "unknown")]
    with pytest.raises(SpeechError, match="too_long"):
        amazon.synthesise("a" * 3001, CAMILA)


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_credentials_are_the_companys_or_none(missing: str, monkeypatch) -> None:
    """Without them boto3 would use those of this machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOURS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(SpeechError, match=missing):
        provider("amazon", {name: value for name, value in KEYS.items() if name != missing})


@pytest.mark.parametrize("region", ["evil.example/x", "us-east-1.evil", "US EAST", "a" * 99])
def test_a_region_is_a_region(region: str) -> None:
    with pytest.raises(SpeechError, match="region"):
        provider("amazon", KEYS | {"region": region})


@mock_aws
def test_motos_polly_has_brazilian_voices_and_answers() -> None:
    polly = provider("amazon", KEYS)
    voices = polly.voices("pt-BR")
    assert {"Ricardo:standard", "Vitoria:standard"} <= {found.id for found in voices}
    try:
        assert polly.synthesise("Oi", RICARDO).sample_rate == 16_000
    except SpeechError as error:
        assert error.code == "unspeakable"  # noqa: PT017 - moto's answer may hold no sound
