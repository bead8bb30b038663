"""Azure's REST interface as it is documented, answered by a real server."""

from xml.etree import ElementTree

import pytest

from app.speech.port import SpeechError, VoiceSettings
from app.speech.providers import azure as module
from app.speech.registry import provider
from tests.speech.sounds import voice
from tests.speech.wire import Wire

KEY = "0123456789abcdef0123456789abcdef"
FRANCISCA = VoiceSettings("pt-BR-FranciscaNeural")
NAMES = {
    "s": "http://www.w3.org/2001/10/synthesis",
    "m": "https://www.w3.org/2001/mstts",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
LISTED = [
    {
        "Name": "Microsoft Server Speech Text to Speech Voice (pt-BR, FranciscaNeural)",
        "DisplayName": "Francisca",
        "LocalName": "Francisca",
        "ShortName": "pt-BR-FranciscaNeural",
        "Gender": "Female",
        "Locale": "pt-BR",
        "LocaleName": "Portuguese (Brazil)",
        "StyleList": ["calm"],
        "SampleRateHertz": "48000",
        "VoiceType": "Neural",
        "Status": "GA",
        "WordsPerMinute": "121",
    },
    {
        "DisplayName": "Ava",
        "ShortName": "en-US-Ava:DragonHDLatestNeural",
        "Gender": "Female",
        "Locale": "en-US",
        "VoiceType": "Neural",
    },
]


@pytest.fixture
def azure(wire: Wire) -> module.Azure:
    return provider("azure", {"key": KEY, "region": "brazilsouth"}, endpoint=wire.url)


def test_speaks(azure, wire) -> None:
    pcm = voice(1).pcm
    wire.answer(200, pcm, content_type="audio/basic")
    sound = azure.synthesise("Olá Ana & família <3", FRANCISCA)
    assert (sound.pcm, sound.sample_rate) == (pcm, 24_000)
    asked = wire.asked[0]
    assert (asked.method, asked.path) == ("POST", "/cognitiveservices/v1")
    assert asked.headers["ocp-apim-subscription-key"] == KEY
    assert asked.headers["content-type"] == "application/ssml+xml"
    assert asked.headers["x-microsoft-outputformat"] == "raw-24khz-16bit-mono-pcm"
    assert asked.headers["user-agent"]
    root = ElementTree.fromstring(asked.raw)
    assert root.tag == "{http://www.w3.org/2001/10/synthesis}speak"
    assert root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "pt-BR"
    spoken = root.find("s:voice", NAMES)
    assert spoken.attrib == {"name": "pt-BR-FranciscaNeural"}
    assert spoken.text == "Olá Ana & família <3"
    assert list(spoken) == []


def test_settings_become_ssml(azure, wire) -> None:
    wire.answer(200, voice(1).pcm)
    settings = VoiceSettings(
        "pt-BR-FranciscaNeural", rate=1.25, pitch=-3, ssml={"style": "calm", "sentence_pause_ms": 400}
    )
    azure.synthesise("Oi. Tudo bem?", settings)
    root = ElementTree.fromstring(wire.asked[0].raw)
    styled = root.find("s:voice/m:express-as", NAMES)
    assert styled.attrib == {"style": "calm"}
    prosody = styled.find("s:prosody", NAMES)
    assert prosody.attrib == {"rate": "1.25", "pitch": "-3st"}
    assert prosody.find("s:break", NAMES).attrib == {"time": "400ms"}


def test_markup_of_strangers_stays_text(azure, wire) -> None:
    wire.answer(200, voice(1).pcm)
    hostile = "</voice><voice name='x'><break time='9s'/> &amp; \0\x08Oi"
    azure.synthesise(hostile, FRANCISCA)
    root = ElementTree.fromstring(wire.asked[0].raw)
    assert root.find("s:voice", NAMES).text == "</voice><voice name='x'><break time='9s'/> &amp; Oi"


def test_lists_voices(azure, wire) -> None:
    wire.answer(200, LISTED)
    (only,) = azure.voices("pt-BR")
    assert (only.id, only.name, only.language, only.gender, only.voice_class) == (
        "pt-BR-FranciscaNeural",
        "Francisca",
        "pt-BR",
        "female",
        "neural",
    )
    assert wire.asked[0].path == "/cognitiveservices/voices/list"
    assert [found.voice_class for found in azure.voices()] == ["neural", "neural-hd"]


@pytest.mark.parametrize(
    "status, code, retryable, outage",
    [
        (400, "unspeakable", False, False),
        (401, "credentials", False, False),
        (403, "credentials", False, False),
        (404, "unsupported", False, False),
        (413, "too_long", False, False),
        (415, "unsupported", False, False),
        (429, "quota", True, True),
        (500, "unavailable", True, True),
        (502, "unavailable", True, True),
        (503, "unavailable", True, True),
        (504, "timeout", True, True),
        (302, "unsupported", False, False),
    ],
)
def test_refusals_by_kind(azure, wire, status: int, code: str, retryable: bool, outage: bool) -> None:
    wire.answer(status, f"because of {KEY}".encode(), location="http://127.0.0.1:9/")
    with pytest.raises(SpeechError) as caught:
        azure.synthesise("Oi", FRANCISCA)
    error = caught.value
    assert (error.code, error.retryable, error.outage) == (code, retryable, outage)
    assert str(status) in error.detail
    assert KEY not in str(error)
    assert len(wire.asked) == (3 if code == "unavailable" else 1)


def test_a_hiccup_is_tried_again(azure, wire) -> None:
    wire.answer(503)
    wire.reset()
    wire.answer(200, voice(1).pcm)
    assert azure.synthesise("Oi", FRANCISCA).seconds == 1
    assert len(wire.asked) == 3


def test_silence_of_the_server_is_a_timeout(azure, wire, monkeypatch) -> None:
    monkeypatch.setattr(module, "SYNTHESIS_SECONDS", 0.2)
    wire.hang()
    with pytest.raises(SpeechError) as caught:
        azure.synthesise("Oi", FRANCISCA)
    assert caught.value.code == "timeout"
    assert len(wire.asked) == 1


def test_nobody_there_is_unavailable() -> None:
    nobody = provider("azure", {"key": KEY, "region": "brazilsouth"}, endpoint="http://127.0.0.1:9")
    with pytest.raises(SpeechError, match="unavailable"):
        nobody.voices()


def test_a_cut_answer_is_not_taken_for_the_whole(azure, wire) -> None:
    wire.cut(voice(1).pcm)
    with pytest.raises(SpeechError, match="unavailable"):
        azure.synthesise("Oi", FRANCISCA)


def test_an_empty_answer_is_said(azure, wire) -> None:
    wire.answer(200, b"")
    with pytest.raises(SpeechError, match="unspeakable"):
        azure.synthesise("Oi", FRANCISCA)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'[{"ShortName": 1}]', b"null"])
def test_a_strange_list_is_no_crash(azure, wire, body: bytes) -> None:
    wire.answer(200, body)
    try:
        assert azure.voices() == []
    except SpeechError as error:
        assert "list of voices" in error.detail  # noqa: PT017


def test_what_azure_cannot_do(azure) -> None:
    settings = VoiceSettings("Francisca", rate=4, pitch=-20, ssml={"emphasis": "strong"})
    assert azure.problems(settings) == [
        ("voice_id", "unknown"),
        ("rate", "out_of_range"),
        ("pitch", "out_of_range"),
        ("ssml.emphasis", "unsupported"),
    ]
    assert azure.problems(FRANCISCA) == []
    with pytest.raises(SpeechError, match="too_long"):
        azure.synthesise("a" * 5001, FRANCISCA)


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"key": KEY},
        {"key": KEY, "region": "evil.example/"},
        {"key": KEY, "region": "brazilsouth@evil"},
        {"key": "a\r\nHost: evil", "region": "brazilsouth"},
        {"key": "ção" * 9, "region": "brazilsouth"},
    ],
)
def test_credentials_that_cannot_be_right(credentials: dict[str, str]) -> None:
    with pytest.raises(SpeechError) as caught:
        provider("azure", credentials)
    assert caught.value.code == "credentials"
    assert KEY not in str(caught.value)


def test_the_region_is_the_host() -> None:
    made = provider("azure", {"key": KEY, "region": "brazilsouth"})
    assert made._base == "https://brazilsouth.tts.speech.microsoft.com"
