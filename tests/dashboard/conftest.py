import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from app.campaigns.models import Campaign, CampaignInstance
from app.core import clock, ids
from app.core.context import acting
from app.core.db import transaction
from app.messages.models import DailyMetric
from app.outbox.models import OutboxRow
from tests.factories import Company, make_instance


@dataclass
class Desk:
    """Rows behind the first page, made as the company's own."""

    company: Company

    def number(self, name: str = "Loja", **fields: Any) -> uuid.UUID:
        with acting(self.company.system):
            return make_instance(name, **fields).id

    def day(self, number: uuid.UUID, day: date, **counts: int) -> None:
        with acting(self.company.system), transaction() as session:
            session.add(DailyMetric(tenant_id=self.company.tenant_id, day=day, instance_id=number, **counts))

    def campaign(self, name: str, number: uuid.UUID, *, queued: int = 0, **fields: Any) -> uuid.UUID:
        campaign = Campaign(name=name, message="Oi", **fields)
        with acting(self.company.system), transaction() as session:
            session.add(campaign)
            session.flush()
            session.add(CampaignInstance(campaign_id=campaign.id, instance_id=number))
            session.add_all([self._row(number, campaign.id) for _ in range(queued)])
            return campaign.id

    def queue(self, number: uuid.UUID, count: int, **fields: Any) -> None:
        with acting(self.company.system), transaction() as session:
            session.add_all([self._row(number, None, **fields) for _ in range(count)])

    def _row(self, number: uuid.UUID, campaign_id: uuid.UUID | None, **fields: Any) -> OutboxRow:
        values = {
            "message_id": ids.new_id(),
            "instance_id": number,
            "campaign_id": campaign_id,
            "recipient_key": uuid.uuid4().hex,
            "lane": 2 if campaign_id else 0,
            "send_after": clock.now() + timedelta(hours=1),
        }
        return OutboxRow(**{**values, **fields})


@pytest.fixture
def desk(company: Company) -> Desk:
    return Desk(company)


@pytest.fixture
def other_desk(outsider: Company) -> Desk:
    return Desk(outsider)
