"""`/api/v1/tts`, as an outside system uses it."""

import uuid
from datetime import timedelta

import pytest

from app.core import clock
from app.speech.audio import decode
from app.voice import jobs


@pytest.fixture
def api(api_client):
    return api_client("manager")


@pytest.fixture
def made(api, company):
    """An audio that the worker has made."""
    api.post("/tts/config", json={"name": "Loja", "is_default": True})
    asked = api.post("/tts/generate", json={"text": "Olá, Maria!", "wait": 0})
    assert asked.status_code == 202, asked.json
    jobs.make(str(company.tenant_id), asked.json["id"])
    return asked.json["id"]


def test_a_voice_is_set_up_by_the_api(api):
    created = api.post(
        "/tts/config", json={"name": "Loja", "speaking_rate": 1.1, "ssml_settings": {"emphasis": "strong"}}
    )
    assert created.status_code == 201
    config = created.json
    assert (config["provider"], config["voice_id"], config["language_code"]) == ("local", "pt-br", "pt-BR")
    assert api.patch(f"/tts/configs/{config['id']}", json={"pitch": 2}).json["pitch"] == 2
    assert config["id"] in [one["id"] for one in api.get("/tts/configs").json["data"]]
    assert api.delete(f"/tts/configs/{config['id']}").status_code == 204
    assert api.get(f"/tts/configs/{config['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [({"speaking_rate": 5}, "speaking_rate"), ({"pitch": -21}, "pitch"), ({"volume": 17}, "volume"),
     ({"voice_id": "nobody"}, "voice_id"), ({"ssml_settings": {"style": "cheerful"}}, "ssml_settings.style")],
)  # fmt: skip
def test_what_cannot_be_spoken_is_refused_by_field(api, body, field):
    refused = api.post("/tts/config", json={"name": "Loja", **body})
    assert refused.status_code == 422
    assert field in [one["field"] for one in refused.json["errors"]]


def test_an_audio_is_made_once_and_has_an_address(api, made, client):
    found = api.post("/tts/generate", json={"text": "Olá, Maria!", "wait": 0})
    assert found.status_code == 200
    body = found.json
    assert (body["id"], body["cached"], body["character_count"]) == (made, True, len("Olá, Maria!"))
    assert body["duration"] > 0.5
    path = body["audio_url"].partition("//")[2].partition("/")[2]
    answer = client.get("/" + path)
    assert (answer.status_code, answer.mimetype) == (200, "audio/mpeg")
    assert abs(decode(answer.data).seconds - body["duration"]) < 0.3
    note = client.get("/" + body["voice_note_url"].partition("//")[2].partition("/")[2])
    assert note.data.startswith(b"OggS")
    assert api.get(f"/tts/audios/{made}/content").data == answer.data


def test_the_address_ends_by_itself(api, made, client):
    url = api.get(f"/tts/audios/{made}").json["audio_url"]
    path = "/" + url.partition("//")[2].partition("/")[2]
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert client.get(path).status_code == 404
    assert client.get(path[:-4] + "AAAA").status_code == 404


def test_another_company_hears_nothing(api_client, made, outsider):
    stranger = api_client("admin", outsider)
    assert stranger.get(f"/tts/audios/{made}").status_code == 404
    assert stranger.get(f"/tts/audios/{made}/content").status_code == 404
    assert stranger.get(f"/tts/metrics/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(("text", "status"), [("", 422), ("   ", 422), ("😀", 422), ("a" * 5000, 422)])
def test_texts_that_cannot_be_spoken(api, text, status):
    api.post("/tts/config", json={"name": "Loja"})
    assert api.post("/tts/generate", json={"text": text, "wait": 0}).status_code == status


def test_voices_of_a_provider_are_fetched_once(api, company):
    first = api.get("/tts/voices?provider=local&language=pt-BR&wait=0")
    assert first.json["status"] == "fetching"
    jobs.voices(str(company.tenant_id), "local", "pt-BR")
    found = api.get("/tts/voices?provider=local&language=pt-BR").json
    assert found["status"] == "ready"
    assert {"pt-br"} <= {one["id"] for one in found["data"]}


@pytest.mark.parametrize("role", ["agent", "viewer", "developer"])
def test_who_may_not(api_client, role):
    other = api_client(role)
    assert other.post("/tts/config", json={"name": "Loja"}).status_code == 403
    assert other.post("/tts/generate", json={"text": "Olá", "wait": 0}).status_code == 403
