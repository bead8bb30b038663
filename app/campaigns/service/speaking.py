"""Preparing the audios of a spoken campaign, a window ahead of the sender. In workers only.

One worker per campaign, by lease; a few threads within, because providers are slow and wait well. Each chunk is one
commit: uses and costs are counted, what is ready may go, what nobody can speak fails with its reason. A trouble that
passes is waited for; one that needs a person stops the campaign and says so.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import text

from app.campaigns.queries import campaigns
from app.campaigns.rules.wordings import literals_of
from app.campaigns.service.control import halt
from app.core.db import release, transaction
from app.core.facts import notify
from app.outbox import service as outbox
from app.outbox.service.spoken import Unspoken
from app.voice.queries.configs import dictionary
from app.voice.rules.recipes import Recipe, Speaker
from app.voice.service import cache, money, recipe_of
from app.voice.service.limits import limits
from app.voice.service.making import Made, obtain
from app.voice.service.trouble import Trouble

log = structlog.get_logger(__name__)

LEASE = 60.0
FIRST_CHUNK = 4  # small, so that the first messages go soon; each one after it is twice as large
RESTS = (5.0, 15.0, 60.0, 300.0)  # seconds, growing while a provider stays away
Outcome = Made | Trouble
Crew = Callable[[Callable[[Recipe], Outcome], Sequence[Recipe]], Iterable[Outcome]]

_TAKE = text("""
    UPDATE campaign_speech SET owner = :me, lease = clock_timestamp() + make_interval(secs => :lease)
    WHERE campaign_id = :campaign AND (owner IS NULL OR owner = :me OR lease < clock_timestamp())
      AND (waits_until IS NULL OR waits_until <= clock_timestamp()) RETURNING settings, in_parts, tries
""")
_RENEW = text("""
    UPDATE campaign_speech SET lease = clock_timestamp() + make_interval(secs => :lease),
        waits_for = CASE WHEN :made THEN NULL ELSE waits_for END, tries = CASE WHEN :made THEN 0 ELSE tries END
    WHERE campaign_id = :campaign AND owner = :me
""")
_LEAVE = text("UPDATE campaign_speech SET owner = NULL, lease = NULL WHERE campaign_id = :campaign AND owner = :me")
_REST = text("""
    UPDATE campaign_speech SET owner = NULL, lease = NULL, waits_for = :code, tries = tries + 1,
        waits_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE campaign_id = :campaign AND owner = :me
""")


@dataclass(frozen=True)
class _Text:
    """How this campaign's texts are spoken."""

    speaker: Speaker
    in_parts: bool | None
    words: dict[str, str]
    wordings: list[list[str | None]]

    def recipe(self, body: str) -> Recipe:
        return recipe_of(self.speaker, body, self.words, self.wordings, in_parts=self.in_parts)


def one_by_one(call: Callable[[Recipe], Outcome], recipes: Sequence[Recipe]) -> Iterable[Outcome]:
    return [call(recipe) for recipe in recipes]


def prepare(campaign_id: uuid.UUID, seconds: float, stop: Callable[[], bool], crew: Crew = one_by_one) -> bool:
    """For a while. Whether more could be prepared at once."""
    me = secrets.token_hex(8)
    texts, tries = _take(campaign_id, me)
    if texts is None:
        return False
    until, size = time.monotonic() + seconds, FIRST_CHUNK
    try:
        while not stop() and time.monotonic() < until:
            wanted = outbox.next_unspoken(campaign_id, limits().ahead, min(size, limits().chunk))
            size *= 2
            if not wanted:
                return False
            trouble = _chunk(campaign_id, me, texts, wanted, crew)
            if trouble is not None:
                _stop_for(campaign_id, me, trouble, tries)
                return False
        return not stop()
    finally:
        _run(_LEAVE, campaign=campaign_id, me=me)


def _take(campaign_id: uuid.UUID, me: str) -> tuple[_Text | None, int]:
    campaign = campaigns.find_campaign(campaign_id)
    if campaign is None or campaign.status != "sending":
        return None, 0
    with transaction() as session:
        row = session.execute(_TAKE, {"campaign": campaign_id, "me": me, "lease": LEASE}).one_or_none()
        if row is None or not row.settings:
            return None, 0
        speaker = Speaker.of(row.settings)
        return _Text(speaker, row.in_parts, dictionary(), literals_of(campaign.message, campaign.variations)), row.tries


def _chunk(campaign_id: uuid.UUID, me: str, texts: _Text, wanted: Sequence[Unspoken], crew: Crew) -> Trouble | None:
    """Each text once, however many of the chunk share it. The trouble that stops the others, if there was one."""
    recipes = {one.message_id: texts.recipe(one.text) for one in wanted}
    unique = {recipe.key: recipe for recipe in recipes.values()}
    release()
    found = dict(zip(unique, crew(_try, list(unique.values())), strict=True))
    outcomes = {message_id: found[recipe.key] for message_id, recipe in recipes.items()}
    if not _save(campaign_id, me, outcomes):
        return Trouble("busy")
    return next((one for one in found.values() if isinstance(one, Trouble) and not one.is_the_texts), None)


def _try(recipe: Recipe) -> Outcome:
    try:
        return obtain(recipe)
    except Trouble as trouble:
        return trouble


def _save(campaign_id: uuid.UUID, me: str, outcomes: dict[uuid.UUID, Outcome]) -> bool:
    """False when somebody else prepares this campaign by now: nothing is counted twice."""
    made = {message_id: one for message_id, one in outcomes.items() if isinstance(one, Made)}
    failed = {
        message_id: (f"voice_{one.code}", one.detail)
        for message_id, one in outcomes.items()
        if isinstance(one, Trouble) and one.is_the_texts
    }
    with transaction() as session:
        about = {"campaign": campaign_id, "me": me, "lease": LEASE, "made": bool(made)}
        if not session.execute(_RENEW, about).rowcount:
            return False
        present = cache.touch(_uses(made.values()))
        ready = {key: one.kept.media_id for key, one in made.items() if one.kept.id in present and one.kept.media_id}
        outbox.release_spoken(ready)
        outbox.fail_spoken(campaign_id, failed)
        money.record(_counted(made.values()), campaign_id)
        notify("campaign.progress", campaign_id=campaign_id)
    return True


def _uses(made: Iterable[Made]) -> dict[uuid.UUID, int]:
    uses: dict[uuid.UUID, int] = {}
    for one in made:
        for audio_id in (one.kept.id, *one.parts):
            uses[audio_id] = uses.get(audio_id, 0) + 1
    return uses


def _counted(made: Iterable[Made]) -> list[money.Use]:
    """Of the messages that share an audio made now, one paid for it; the others had it from the cache."""
    paid: set[uuid.UUID] = set()
    found = []
    for one in made:
        found.append(Made(one.kept, one.recipe).use() if one.kept.id in paid else one.use())
        paid.add(one.kept.id)
    return found


def _stop_for(campaign_id: uuid.UUID, me: str, trouble: Trouble, tries: int) -> None:
    log.warning("campaign_voice_stopped", campaign_id=str(campaign_id), code=trouble.code, detail=trouble.detail)
    if trouble.needs_a_person:
        halt(campaign_id, f"voice_{trouble.code}")
        return
    seconds = RESTS[min(tries, len(RESTS) - 1)]
    _run(_REST, campaign=campaign_id, me=me, code=trouble.code, seconds=seconds)
    notify("campaign.progress", campaign_id=campaign_id)


def _run(statement: Any, **values: Any) -> None:
    with transaction() as session:
        session.execute(statement, values)
