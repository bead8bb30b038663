"""The deliverer's shifts and what wakes them."""

import threading

from app.core import background
from app.core.background import job
from app.core.retention import every_tenant, purge
from app.hooks.sender import Deliverer, due_within

SHIFT = 20.0

_deliverer: Deliverer | None = None
_lock = threading.Lock()


def _the_deliverer() -> Deliverer:
    global _deliverer
    with _lock:
        if _deliverer is None:
            _deliverer = Deliverer()
        return _deliverer


@job("hooks.shift", queue="hooks", timeout=-1)
def shift() -> None:
    """Deliver for a while, then hand over. A surplus shift is harmless: rows are claimed under a lease."""
    if _the_deliverer().shift(SHIFT, background.shutdown_requested):
        background.nudge("hooks.shift")


@job("hooks.wake", queue="default", every=2)
def wake() -> None:
    """The sweep behind every lost nudge, and the clock of retries."""
    if due_within(1.0):
        background.nudge("hooks.shift")


@job("hooks.purge", every=3600, timeout=1800)
def purge_settled() -> None:
    """A fortnight of log; what was given up and what waits for a paused address stay a month."""
    old = "(state IN ('delivered', 'discarded') AND settled_at < now() - interval '14 days')"
    older = "(state IN ('failed', 'pending') AND created_at < now() - interval '30 days')"
    for _tenant in every_tenant():
        purge("webhook_deliveries", f"{old} OR {older}")
