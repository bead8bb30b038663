"""What campaigns do by themselves. Every job re-reads its rows and may run twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import current_app

from app.campaigns import service
from app.campaigns.queries import campaigns
from app.campaigns.service import estimating
from app.core import background
from app.core.background import job
from app.core.context import Actor, acting, system
from app.core.db import release
from app.core.retention import every_tenant

SPEAK_SECONDS = 20.0


@job("campaigns.launch_due", every=5)
def launch_due() -> None:
    service.launch_due()


@job("campaigns.settle", every=5)
def settle() -> None:
    service.settle_due()


@job("campaigns.sweep_cancelled", queue="bulk", timeout=900, every=60)
def sweep_cancelled() -> None:
    service.empty_cancelled()


@job("campaigns.speak_due", every=5)
def speak_due() -> None:
    """The sweep behind every lost nudge, and what wakes a campaign whose window has room again."""
    for tenant_id in every_tenant():
        for campaign_id in campaigns.spoken_ones_to_prepare():
            background.nudge("campaigns.speak", tenant_id=tenant_id, campaign_id=campaign_id)


@job("campaigns.speak", queue="voice", timeout=600)
def speak(tenant_id: str, campaign_id: str) -> None:
    """A while of preparing audios; another job goes on while there is something to do."""
    from app.campaigns.service.speaking import prepare  # the libraries of sound: only the voice worker needs them

    with acting(system(uuid.UUID(tenant_id))) as actor:
        crew = crew_of(actor, current_app.extensions["recado"].voice.crew)
        if prepare(uuid.UUID(campaign_id), SPEAK_SECONDS, background.shutdown_requested, crew):
            background.nudge("campaigns.speak", tenant_id=tenant_id, campaign_id=campaign_id)


def crew_of(actor: Actor, size: int) -> Any:
    """Several at once: providers are slow and wait well. Each thread has a context and a connection of its own."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def inside(call: Any, item: Any) -> Any:
        with app.app_context(), acting(actor):
            try:
                return call(item)
            finally:
                release()

    def crew(call: Any, items: Any) -> Any:
        with ThreadPoolExecutor(max(1, min(size, len(items)))) as pool:
            return list(pool.map(lambda item: inside(call, item), items))

    return crew


@job("campaigns.estimate_voice", queue="voice", timeout=120)
def estimate_voice(tenant_id: str, campaign_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        estimating.estimate(uuid.UUID(campaign_id))


@job("campaigns.result", queue="bulk", timeout=900)
def result(tenant_id: str, campaign_id: str, token: str, kind: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.build_result(uuid.UUID(campaign_id), token, kind)
