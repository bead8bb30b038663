"""How far the audios of a spoken campaign are, and what they cost so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from app.campaigns.models import Campaign, CampaignSpeech
from app.core.db import read_session
from app.voice.queries import usage
from app.voice.queries.usage import Usage

_WAITING = text("""
    SELECT count(*) FILTER (WHERE o.held = 'voice') AS unspoken, count(*) FILTER (WHERE o.held IS NULL) AS ready
    FROM send_lanes l JOIN outbox o ON o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id
    WHERE l.campaign_id = :campaign AND o.state = 'queued'
""")


@dataclass(frozen=True)
class SpeechProgress:
    """`ready` audios wait for their turn; `waits_for` is the code of what the others wait for."""

    total: int
    unspoken: int
    ready: int
    usage: Usage
    waits_for: str | None
    waits_until: datetime | None

    @property
    def prepared(self) -> int:
        return self.total - self.unspoken


def progress_of(campaign: Campaign) -> SpeechProgress:
    session = read_session()
    row = session.execute(_WAITING, {"campaign": campaign.id}).one()
    query = select(CampaignSpeech).where(CampaignSpeech.campaign_id == campaign.id)
    speech = session.scalar(query.execution_options(populate_existing=True))
    return SpeechProgress(
        total=campaign.total,
        unspoken=row.unspoken,
        ready=row.ready,
        usage=usage.of_campaign(campaign.id),
        waits_for=speech.waits_for if speech else None,
        waits_until=speech.waits_until if speech else None,
    )
