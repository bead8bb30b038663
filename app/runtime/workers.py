"""RQ workers: what a signal means to them, and which kind serves which queue."""

import contextlib
import os
import signal
import threading
import time
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from rq import Queue, SimpleWorker, Worker

from app.core import background
from app.extensions import db
from app.runtime import memory
from app.runtime.death import die_with_parent

log = structlog.get_logger(__name__)

# Imports and exports are long and heavy: a process of their own each, so that memory and crashes stay there.
FORKING = frozenset({"bulk"})
LOOK_SECONDS = 1.0


class _Polite:
    """On SIGTERM the job under way is asked to end early; then the worker leaves."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        background.request_shutdown()
        super().request_stop(signum, frame)  # type: ignore[misc]


class InProcessWorker(_Polite, SimpleWorker):
    """Runs jobs in its own process: a nudge costs 2 ms instead of 11."""


class ForkingWorker(_Polite, Worker):
    """Runs every job in a child that hears of the shutdown too and never outlives its parent."""

    def handle_warm_shutdown_request(self) -> None:
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()
        signal.signal(signal.SIGTERM, lambda _number, _frame: background.request_shutdown())

    def main_work_horse(self, job: Any, queue: Any) -> None:
        die_with_parent(signal.SIGKILL)
        # The parent's connections are the parent's: forget them without closing them.
        db.engine.dispose(close=False)
        super().main_work_horse(job, queue)


def run(queue_names: list[str], redis_url: str, memory_mb: int = 0) -> None:
    """Serve the queues, in that order of preference, until SIGTERM, or until this process holds that much memory."""
    if memory_mb:
        threading.Thread(target=_leave_when_too_big, args=(memory_mb,), daemon=True).start()
    connection = Redis.from_url(redis_url)
    kind = ForkingWorker if FORKING.intersection(queue_names) else InProcessWorker
    queues = [Queue(name, connection=connection) for name in queue_names]
    kind(queues, connection=connection, log_job_description=False).work(logging_level="WARNING")


def _leave_when_too_big(memory_mb: int) -> None:
    """A leak costs a polite stop, work handed over, instead of a kill in the middle; whoever keeps processes starts the
    next one."""
    while (resident := memory.resident_mb()) <= memory_mb:
        time.sleep(LOOK_SECONDS)
    log.warning("worker_too_big", resident_mb=int(resident), limit_mb=memory_mb)
    os.kill(os.getpid(), signal.SIGTERM)
