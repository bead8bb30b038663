"""The sender's shifts and what wakes them."""

import atexit
import threading
import time
import uuid

import structlog
from flask import current_app
from sqlalchemy import text

from app.config import Config
from app.core import background, clock
from app.core.background import job
from app.core.context import acting, system
from app.core.retention import every_tenant
from app.core.storage import storage
from app.extensions import db
from app.outbox import service as outbox
from app.outbox.sender import Sender
from app.outbox.sender.store import Store
from app.outbox.service import evidence
from app.outbox.service.brakes import brake_silent
from app.outbox.service.jumps import mend_after_jump
from app.outbox.service.leases import expire
from app.outbox.service.repair import cancel_number_messages

DRAIN = 25.0
JUMP = 10.0  # seconds; less is a clock that is being set right

log = structlog.get_logger(__name__)

_sender: Sender | None = None
_lock = threading.Lock()
_ahead: float | None = None  # the database's clock before this process's own that never jumps


def _the_sender() -> Sender:
    """One per process: its calls on the wire outlive a shift."""
    global _sender
    with _lock:
        if _sender is None:
            config: Config = current_app.extensions["recado"]
            _sender = Sender(current_app._get_current_object(), storage(), config.send)
            atexit.register(_sender.drain, DRAIN)
        return _sender


@job("outbox.shift", queue="send", timeout=-1, every=10)  # a first shift after a crash needs no other worker's nudge
def shift() -> None:
    """Send for a while, then hand over to the next shift while work is left. A surplus shift finds nothing to drive."""
    sender = _the_sender()
    config: Config = current_app.extensions["recado"]
    work_left = sender.shift(config.send.shift, background.shutdown_requested)
    if background.shutdown_requested():
        sender.drain(DRAIN)
    if work_left:
        background.nudge("outbox.shift")  # not one more each time: a queued shift is enough


@job("outbox.wake", queue="default", every=2)
def wake() -> None:
    """The sweep that replaces every lost nudge: due messages or due probes start a shift."""
    store = Store(db.engine, "wake", 1.0)
    try:
        expire(store.expire())
        waiting = store.waiting()
    finally:
        store.close()
    due_soon = waiting.next_send is not None and (waiting.next_send - clock.now()).total_seconds() < 2
    if due_soon or waiting.probe_due:
        background.nudge("outbox.shift")


@job("outbox.clock", queue="default", every=5)
def look_at_the_clock() -> None:
    """Once after a start, and whenever the database's clock went back."""
    global _ahead
    with db.engine.connect() as connection:
        now = float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
    before, _ahead = _ahead, now - time.monotonic()
    if before is not None and _ahead > before - JUMP:
        return
    longest = max(current_app.extensions["recado"].send.retry_after)
    freed = sum(mend_after_jump(longest=longest) for _tenant_id in every_tenant())
    if before is not None:
        log.warning("clock_went_back", seconds=round(before - _ahead), messages=freed)


@job("outbox.brake_silent", queue="default", every=15)
def brake_numbers_that_fell_silent() -> None:
    """Accepted but never acknowledged, in number: the campaigns stop and say so."""
    brake_silent(current_app.extensions["recado"].send.silent_after)


@job("outbox.bind", queue="default", every=15)
def bind() -> None:
    """What is unconfirmed meets the echoes that came since."""
    for _tenant_id in every_tenant():
        evidence.bind_all()


@job("outbox.forget_number", queue="default", timeout=600)
def forget_number(tenant_id: str, instance_id: str) -> None:
    """A deleted number's queue is cancelled, so that its campaigns can end."""
    with acting(system(uuid.UUID(tenant_id))):
        cancel_number_messages(uuid.UUID(instance_id))


@job("outbox.speak", queue="voice", timeout=600)
def speak(tenant_id: str, message_id: str) -> None:
    """One message that goes as a voice note, once somebody has heard it or not."""
    with acting(system(uuid.UUID(tenant_id))):
        outbox.speak(uuid.UUID(message_id))


@job("outbox.speak_rest", queue="default", every=20)
def speak_rest() -> None:
    """The sweep behind a lost job."""
    for tenant_id in every_tenant():
        for message_id in outbox.left_behind():
            background.nudge("outbox.speak", tenant_id=tenant_id, message_id=message_id)
