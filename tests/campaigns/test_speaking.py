"""Spoken campaigns: held until their audio is ready, a window ahead, and never waited for by a sender."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.campaigns import service
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.campaigns.queries.speech import progress_of
from app.campaigns.service.speaking import prepare
from app.core.db import transaction
from app.core.errors import Invalid
from app.voice import service as voices
from app.voice.queries import usage
from app.voice.service import limits
from tests.factories import make_contact


@pytest.fixture
def voice(as_admin: Any) -> uuid.UUID:
    return voices.create_config(name="Voz da loja", is_default=True).id


@pytest.fixture
def spoken(draft: Callable[..., Campaign], voice: uuid.UUID) -> Callable[..., uuid.UUID]:
    """A launched spoken campaign to people of these names."""

    def launch(*names: str, **fields: Any) -> uuid.UUID:
        people = [make_contact(name) for name in names]
        made = draft(
            *people, tts_config_id=voice, **{"message": "Olá {nome}, sua fatura vence amanhã às 14h30.", **fields}
        )
        return service.launch(made.id).id

    return launch


def never() -> bool:
    return False


def rows(campaign_id: uuid.UUID) -> list[Any]:
    query = text(
        "SELECT m.id, m.type, m.status, m.body, m.media_id, m.error_code, o.held FROM messages m LEFT JOIN outbox o ON"
        " o.message_id = m.id WHERE m.campaign_id = :id ORDER BY m.id"
    )
    with transaction() as session:
        return list(session.execute(query, {"id": campaign_id}))


def test_a_spoken_message_is_held_until_its_audio_is_ready(spoken):
    campaign_id = spoken("Ana", "Bia")
    assert [(row.type, row.held, row.media_id) for row in rows(campaign_id)] == [("voice", "voice", None)] * 2
    assert prepare(campaign_id, 60, never) is False
    assert [row.held for row in rows(campaign_id)] == [None, None]
    assert len({row.media_id for row in rows(campaign_id)} - {None}) == 2
    found = progress_of(campaigns.get_campaign(campaign_id))
    assert (found.prepared, found.unspoken, found.ready) == (2, 0, 2)


def test_people_with_the_same_text_share_an_audio(spoken):
    campaign_id = spoken("Ana", "Bia", "Caio", message="Promoção só hoje, venha nos visitar.")
    prepare(campaign_id, 60, never)
    assert len({row.media_id for row in rows(campaign_id)}) == 1
    sums = usage.of_campaign(campaign_id)
    assert (sums.requests, sums.hits, sums.billed) == (3, 2, len("Promoção só hoje, venha nos visitar."))


def test_a_text_without_sound_fails_alone_and_the_campaign_goes_on(spoken):
    campaign_id = spoken("😀😀", "Bia", message="{nome}!!!")
    prepare(campaign_id, 60, never)
    first, second = rows(campaign_id)
    assert (first.status, first.error_code, first.held) == ("failed", "voice_unspeakable", None)
    assert (second.status, second.held) == ("queued", None)
    assert campaigns.get_campaign(campaign_id).status == "sending"


@pytest.fixture
def window(app, monkeypatch):
    """Two ahead, one at a time."""
    from dataclasses import replace

    monkeypatch.setattr(limits, "_limits", replace(limits.limits(), ahead=2, chunk=1))


def test_no_more_than_the_window_is_made_ahead(spoken, window):
    campaign_id = spoken("Ana", "Bia", "Caio", "Davi")
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == [None, None, "voice", "voice"]


def test_a_paused_campaign_makes_nothing(spoken):
    campaign_id = spoken("Ana")
    service.pause(campaign_id)
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == ["voice"]
    service.resume(campaign_id)
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == [None]


def test_a_campaign_speaks_as_it_was_launched(spoken, voice):
    campaign_id = spoken("Ana")
    voices.update_config(voice, speaking_rate=2.0)
    prepare(campaign_id, 60, never)
    with transaction() as session:
        rate = session.scalar(text("SELECT recipe #>> '{speaker,rate}' FROM tts_audio_cache WHERE kind = 'audio'"))
    assert float(rate) == 1.0


def test_a_voice_note_carries_no_other_file(draft, voice):
    with pytest.raises(Invalid) as refused:
        draft(tts_config_id=voice, media_url="http://127.0.0.1/a.png")
    assert [one.field for one in refused.value.errors] == ["tts_config_id"]


def test_a_voice_that_is_gone_stops_the_launch(draft, voice):
    made = draft(tts_config_id=voice)
    voices.update_config(voice, is_active=False)
    with pytest.raises(Invalid, match="voz escolhida"):
        service.launch(made.id)


def test_a_cancelled_campaign_ends(spoken):
    campaign_id = spoken("Ana", "Bia")
    service.cancel(campaign_id)
    assert [row.status for row in rows(campaign_id)] == ["cancelled"] * 2
