"""What campaigns do by themselves. Every job re-reads its rows and may run twice."""

import uuid

from app.campaigns import service
from app.core.background import job
from app.core.context import acting, system


@job("campaigns.launch_due", every=5)
def launch_due() -> None:
    service.launch_due()


@job("campaigns.settle", every=5)
def settle() -> None:
    service.settle_due()


@job("campaigns.sweep_cancelled", queue="bulk", timeout=900, every=60)
def sweep_cancelled() -> None:
    service.empty_cancelled()


@job("campaigns.result", queue="bulk", timeout=900)
def result(tenant_id: str, campaign_id: str, token: str, kind: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.build_result(uuid.UUID(campaign_id), token, kind)
