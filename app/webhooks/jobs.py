"""The events worker: nudged by the webhook's door, swept in case a nudge was lost."""

import time
import uuid

from sqlalchemy import text

from app.core import background
from app.core.background import job
from app.core.context import acting, system
from app.core.db import release
from app.core.retention import every_tenant, purge
from app.extensions import db
from app.webhooks import service

SHIFT = 20.0
_size = service.BATCH  # of a batch; this process's own measure of how heavy events are at the moment
_PENDING = text("SELECT * FROM instances_with_inbound()")


@job("webhooks.process", queue="events", timeout=60)
def process() -> None:
    """Go round the numbers with pending events until none is left; hand over after a while so that others run too."""
    deadline = time.monotonic() + SHIFT
    while not background.shutdown_requested():
        if not _round():
            return
        if time.monotonic() > deadline:
            background.nudge("webhooks.process")
            return


@job("webhooks.wake", queue="default", every=2)
def wake() -> None:
    if _pending():
        background.nudge("webhooks.process")


@job("webhooks.purge", every=3600, timeout=1800)
def purge_settled() -> None:
    """Raw bytes are kept a week for support; dead letters until a person settles them."""
    for _tenant in every_tenant():
        purge("inbound_events", "state IN ('done', 'discarded') AND processed_at < now() - interval '7 days'")


def _pending() -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Runs as nobody: the definer function tells which numbers have work."""
    with db.engine.connect() as connection:
        return [(row.instance_id, row.tenant_id) for row in connection.execute(_PENDING)]


def _round() -> int:
    global _size
    total = 0
    # Who may end this process goes last: the others are not kept waiting by it.
    for instance_id, tenant_id in sorted(_pending(), key=lambda number: service.is_suspect(number[0])):
        began = time.monotonic()
        with acting(system(tenant_id)):
            settled = service.process(instance_id, _size)
        release()
        _size = service.next_size(_size, settled, time.monotonic() - began)
        total += settled
    return total
