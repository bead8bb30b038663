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
from app.campaigns.service import estimating
from app.campaigns.service.speaking import prepare
from app.core.db import transaction
from app.core.errors import Invalid
from app.media.queries import find_media
from app.voice import service as voices
from app.voice.queries import usage
from app.voice.service import eviction, limits, speaking
from app.voice.service.trouble import Trouble
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


@pytest.fixture
def trouble(monkeypatch):
    """The provider's answer to everything, until it is taken back."""
    real, said = speaking.synthesise, {}

    def synthesise(one, words):
        if "code" in said:
            raise Trouble(said["code"], is_outage=said["code"] == "unavailable")
        return real(one, words)

    monkeypatch.setattr(speaking, "synthesise", synthesise)
    return said


def waiting(campaign_id: uuid.UUID) -> tuple[Any, ...]:
    with transaction() as session:
        query = text("SELECT waits_for, tries, waits_until > now() FROM campaign_speech WHERE campaign_id = :id")
        return tuple(session.execute(query, {"id": campaign_id}).one())


def test_a_provider_that_is_away_is_waited_for(spoken, trouble):
    campaign_id = spoken("Ana")
    trouble["code"] = "unavailable"
    prepare(campaign_id, 60, never)
    assert waiting(campaign_id) == ("unavailable", 1, True)
    assert campaigns.get_campaign(campaign_id).status == "sending"
    assert campaigns.spoken_ones_to_prepare() == []
    del trouble["code"]
    service.pause(campaign_id)
    service.resume(campaign_id)  # a person does not wait
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == [None]


@pytest.mark.parametrize("code", ["budget", "credentials"])
def test_what_needs_a_person_stops_the_campaign_and_says_why(spoken, trouble, code):
    campaign_id = spoken("Ana", "Bia")
    trouble["code"] = code
    prepare(campaign_id, 60, never)
    found = campaigns.get_campaign(campaign_id)
    assert (found.status, found.status_reason) == ("paused", f"voice_{code}")
    assert [row.held for row in rows(campaign_id)] == ["voice", "voice"]
    del trouble["code"]
    service.resume(campaign_id)
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == [None, None]


def test_a_failed_voice_note_that_is_tried_again_passes_by_the_makers(spoken):
    campaign_id = spoken("Ana")
    prepare(campaign_id, 60, never)
    (row,) = rows(campaign_id)
    with transaction() as session:
        session.execute(text("DELETE FROM outbox WHERE message_id = :id"), {"id": row.id})
        session.execute(text("UPDATE messages SET status = 'failed' WHERE id = :id"), {"id": row.id})
    service.retry_failed(campaign_id)
    assert [row.held for row in rows(campaign_id)] == ["voice"]
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == [None]


def test_an_audio_of_the_queue_is_not_evicted(spoken):
    campaign_id = spoken("Ana")
    prepare(campaign_id, 60, never)
    with transaction() as session:
        session.execute(text("UPDATE tts_audio_cache SET expires_at = now() - interval '1 day'"))
    eviction.evict()
    (row,) = rows(campaign_id)
    assert find_media(row.media_id) is not None
    service.cancel(campaign_id)
    eviction.evict()
    assert find_media(row.media_id) is None


def test_two_workers_prepare_one_campaign_in_turn(spoken):
    campaign_id = spoken("Ana")
    with transaction() as session:
        session.execute(text("UPDATE campaign_speech SET owner = 'other', lease = now() + interval '1 minute'"))
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == ["voice"]
    with transaction() as session:  # it was killed
        session.execute(text("UPDATE campaign_speech SET lease = now() - interval '1 second'"))
    prepare(campaign_id, 60, never)
    assert [row.held for row in rows(campaign_id)] == [None]


def test_figures_of_a_campaign_by_the_api(spoken, api_client):
    campaign_id = spoken("Ana", "Ana")
    prepare(campaign_id, 60, never)
    found = api_client("viewer").get(f"/tts/metrics/{campaign_id}").json
    assert (found["cache_hit_rate"], found["total_cost_usd"]) == (0.5, 0)
    assert found["total_characters"] > found["billed_characters"] > 0
    assert [one["provider"] for one in found["provider_breakdown"]] == ["local"]


def test_the_cost_is_counted_for_both_ways_before_the_launch(draft, voice):
    people = [make_contact(name) for name in ("Ana", "Bia", "Ana")]
    made = draft(*people, tts_config_id=voice, message="Olá {nome}, sua fatura vence amanhã às 14h30.")
    estimating.estimate(made.id)
    found = service.estimate_of(campaigns.get_campaign(made.id), service.find_speech(made.id))
    assert (found["recipients"], found["texts"]) == (3, 2)
    assert (found["whole"]["syntheses"], found["parts"]["syntheses"]) == (2, 3)
    assert found["parts"]["characters"] < found["whole"]["characters"]
    assert found["whole"]["hit_rate"] == pytest.approx(1 / 3, abs=0.001)
    service.update(made.id, message="Outro texto, {nome}.")
    assert service.estimate_of(campaigns.get_campaign(made.id), service.find_speech(made.id)) is None


def test_copies_speak_too_unless_the_voice_is_gone(spoken, voice):
    campaign_id = spoken("Ana")
    assert service.clone(campaign_id).tts_config_id == voice
    assert service.follow_up(campaign_id, "failed").tts_config_id == voice
    service.cancel(campaign_id)
    voices.delete_config(voice)
    assert service.clone(campaign_id).tts_config_id is None
