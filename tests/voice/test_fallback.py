"""A provider that is away, or says no: what is waited for, what another voice says, what stops a campaign."""

from dataclasses import replace

import pytest

from app.core.background import redis
from app.voice.queries.configs import accounts
from app.voice.rules.recipes import Recipe, Speaker
from app.voice.service import making, speaking
from app.voice.service.making import obtain
from app.voice.service.trouble import Trouble

AWAY = Speaker("azure", "pt-BR-FranciscaNeural", "neural")


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Azure is away; the embedded voice speaks."""
    names: list[str] = []
    real = speaking.synthesise

    def synthesise(one, words):
        names.append(one.provider)
        if one.provider == "azure":
            raise Trouble("unavailable", "502", is_outage=True)
        return real(one, words)

    monkeypatch.setattr(speaking, "synthesise", synthesise)
    return names


def test_without_a_stand_in_it_is_waited_for(as_admin, asked):
    with pytest.raises(Trouble) as raised:
        obtain(Recipe(AWAY, ("Olá, Maria!",)))
    assert (raised.value.code, raised.value.needs_a_person, raised.value.is_the_texts) == ("unavailable", False, False)
    with pytest.raises(Trouble):
        obtain(Recipe(AWAY, ("Olá, Maria!",)))
    assert asked == ["azure", "azure"]


def test_the_stand_in_speaks_while_it_is_away(speaker, asked):
    recipe = Recipe(replace(AWAY, stand_in=speaker), ("Olá, Maria!",))
    made = obtain(recipe)
    assert made.recipe.speaker.provider == "local"
    assert obtain(replace(recipe, parts=("Olá, João!",))).recipe.speaker.provider == "local"
    assert asked == ["azure", "local", "local"]  # the second did not wait for Azure again


def test_afterwards_the_first_speaks_again(speaker, asked, monkeypatch):
    recipe = Recipe(replace(AWAY, stand_in=speaker), ("Olá, Maria!",))
    obtain(recipe)
    redis().delete(making._out_key("azure"))
    obtain(replace(recipe, parts=("Olá, Ana!",)))
    assert asked[-2:] == ["azure", "local"]


def test_wrong_credentials_fall_to_nobody(speaker, monkeypatch):
    def refuse(one, words):
        raise Trouble("credentials", "401")

    monkeypatch.setattr(speaking, "synthesise", refuse)
    with pytest.raises(Trouble) as raised:
        obtain(Recipe(replace(AWAY, stand_in=speaker), ("Olá, Maria!",)))
    assert raised.value.needs_a_person


def test_a_provider_without_credentials_says_so(as_admin):
    with pytest.raises(Trouble) as raised:
        obtain(Recipe(AWAY, ("Olá, Maria!",)))
    assert raised.value.code == "credentials"
    account = accounts()["azure"]
    assert (account.state, account.problem.split(":")[0]) == ("failed", "credentials")
