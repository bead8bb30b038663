"""The settings page of voices and its fragments."""

import re

import pytest

from app.core.db import release
from app.voice import service
from app.voice.queries import configs


@pytest.fixture
def page(client_for):
    return client_for("admin")


def test_a_new_company_can_speak_at_once(page):
    shown = page.get("/settings/voice").text
    assert "Voz embutida" in shown
    assert "Amazon Polly" in shown


def test_a_voice_is_set_up_and_changed(page, as_admin):
    form = {"name": "Loja", "provider": "local", "language_code": "pt-BR", "voice_id": "pt-br", "speaking_rate": "1.2"}
    assert page.submit("/settings/voice/new", form).status_code == 303
    found = next(one for one in configs.list_configs() if one.name == "Loja")
    assert (found.speaking_rate, found.voice_class) == (1.2, "local")
    assert page.get(f"/settings/voice/{found.id}").status_code == 200
    again = page.submit(f"/settings/voice/{found.id}", {**form, "name": "Loja 2", "pitch": "3"})
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("name", "", "Dê um nome"), ("speaking_rate", "9", "Fora do que é aceito"), ("voice_id", "nobody", "não conhece"),
     ("style", "cheerful", "não tem este ajuste"), ("effects", "handset-class-device", "não tem este ajuste"),
     ("effects", "../x", "Fora do que é aceito")],
)  # fmt: skip
def test_what_the_provider_cannot_do_is_said(page, field, value, words):
    form = {"name": "Loja", "provider": "local", "language_code": "pt-BR", "voice_id": "pt-br", field: value}
    answer = page.submit("/settings/voice/new", form)
    assert answer.status_code == 422
    assert words in answer.text


def test_what_does_not_work_is_said_while_the_form_is_filled_in(page):
    form = {"name": "", "provider": "local", "language_code": "pt-BR", "voice_id": "pt-br"}
    assert page.submit("/settings/voice/check", {**form, "style": ""}).text.strip() == ""
    answer = page.submit("/settings/voice/check", {**form, "style": "cheerful"})
    assert "Estilo de fala" in answer.text
    assert "não tem este ajuste" in answer.text
    assert page.submit("/settings/voice/check", {**form, "provider": "nobody"}).status_code == 200


def test_what_is_fine_tuned_is_kept_when_the_voice_is_saved_again(page, as_admin):
    fine = {"emphasis": "moderate", "sentence_pause_ms": 250, "effects": "handset-class-device"}
    made = service.create_config(
        name="Loja", provider="google", voice_id="pt-BR-Wavenet-A", language_code="pt-BR", ssml_settings=fine
    ).id
    shown = page.page(f"/settings/voice/{made}")
    form = {"name": "Loja", "provider": "google", "language_code": "pt-BR", "voice_id": "pt-BR-Wavenet-A",
            **{key: str(value) for key, value in fine.items()}}  # fmt: skip
    assert shown.select_one("[name=effects] option[selected]")["value"] == "handset-class-device"
    assert page.submit(f"/settings/voice/{made}", form).status_code == 303
    release()
    assert configs.get_config(made).ssml_settings == fine


def test_the_fallback_is_of_another_provider(page, as_admin):
    first = service.create_config(name="Uma")
    form = {"name": "Outra", "provider": "local", "language_code": "pt-BR", "voice_id": "pt-br"}
    answer = page.submit("/settings/voice/new", {**form, "fallback_id": str(first.id)})
    assert "de outro provedor" in answer.text


def test_credentials_are_kept_encrypted_and_not_shown(page, as_admin):
    secret = "chave-muito-secreta-123"
    page.submit("/settings/voice/accounts", {"provider": "azure", "key": secret, "region": "brazilsouth"})
    account = configs.accounts()["azure"]
    assert account.state == "testing"
    assert secret.encode() not in bytes(account.credentials)
    assert secret not in page.get("/settings/voice").text


def test_the_dictionary_and_the_budget(page, as_admin):
    page.submit("/settings/voice/words", {"word": "SAC", "spoken": "sáqui"})
    page.submit("/settings/voice/words", {"word": "sac", "spoken": "saque"})
    assert configs.dictionary() == {"sac": "saque"}
    assert page.submit("/settings/voice/budget", {"monthly_usd": "25,50"}).status_code == 303
    shown = page.get("/settings/voice").text
    assert re.search(r"de US\$\s25,50", shown)
    assert page.submit("/settings/voice/budget", {"monthly_usd": "muito"}).status_code == 422


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("agent", 403), ("viewer", 403)])
def test_who_may_open_it(client_for, role, status):
    assert client_for(role).get("/settings/voice").status_code == status


def test_a_manager_spends_within_the_owners_bounds(client_for):
    manager = client_for("manager")
    assert manager.submit("/settings/voice/budget", {"monthly_usd": "1"}).status_code == 403
    assert manager.submit("/settings/voice/accounts", {"provider": "azure", "key": "x"}).status_code == 403
