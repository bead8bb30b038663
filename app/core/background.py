"""The only mouth to RQ. Jobs are registered by name, take ids, re-read their rows and may run twice.

The row is the truth and a job is a nudge: `enqueue` waits for the commit, coalesces nudges, and survives Redis being
away (sweeps in `SCHEDULE` wake whatever a lost nudge would have woken).
"""

import contextlib
import faulthandler
import importlib
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from redis import Redis
from rq import Queue
from rq.timeouts import JobTimeoutException

from app.core import prometheus
from app.core.db import after_commit

log = structlog.get_logger(__name__)

ENTRY = "app.core.background.run"
TimedOut = JobTimeoutException  # what interrupts a job whose time is over: to be let through
GRACE_SECONDS = 15  # after a job's timeout, for what no exception reaches
QUEUES = ("send", "events", "voice", "hooks", "bulk", "default")


@dataclass(frozen=True)
class Job:
    name: str
    queue: str
    timeout: int
    call: Callable[..., Any]


_jobs: dict[str, Job] = {}
_redis: Redis | None = None
_stop = threading.Event()

# (job name, every N seconds): run by the one `cron` process.
SCHEDULE: list[tuple[str, float]] = []


def connect(redis_url: str) -> Redis:
    global _redis
    _redis = Redis.from_url(redis_url, socket_timeout=10, socket_connect_timeout=3, health_check_interval=30)
    return _redis


def redis() -> Redis:
    if _redis is None:
        raise RuntimeError("background.connect() was not called")
    return _redis


def job(
    name: str, *, queue: str = "default", timeout: int = 300, every: float | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a job; `every` (seconds) also puts it in the schedule."""
    if queue not in QUEUES:
        raise ValueError(f"unknown queue {queue!r}")

    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        _jobs[name] = Job(name, queue, timeout, call)
        if every is not None and (name, every) not in SCHEDULE:
            SCHEDULE.append((name, every))
        return call

    return register


def find_job(name: str) -> Job:
    if name not in _jobs:
        raise KeyError(f"no job is called {name!r}")
    return _jobs[name]


def job_names() -> list[str]:
    return sorted(_jobs)


def enqueue(name: str, *, delay: float = 0, **args: Any) -> None:
    """After the commit, ask a worker to run the job; arguments are ids and small values. `delay` in seconds."""
    found = find_job(name)
    plain = {key: str(value) if isinstance(value, uuid.UUID) else value for key, value in args.items()}
    after_commit(lambda: _push(found, plain, delay))


def nudge(name: str, window: float = 1.0, **args: Any) -> None:
    """Like enqueue, but calls within `window` seconds become one job: never one job per event.

    The marker is taken after the commit and dropped when the job starts, so a nudge is never lost to one that has
    already read its rows.
    """
    find_job(name)
    after_commit(lambda: nudge_now(name, window, **args))


def nudge_now(name: str, window: float = 1.0, **args: Any) -> None:
    """A nudge where no transaction is open and no application context is wanted. Raises RedisError."""
    plain = {key: str(value) if isinstance(value, uuid.UUID) else value for key, value in args.items()}
    if redis().set(_marker(name, plain), "1", nx=True, px=int(max(window, 0.05) * 20_000)):
        _push(find_job(name), plain, 0)


def _marker(name: str, args: dict[str, Any]) -> str:
    return "nudge:" + name + ":" + ",".join(f"{k}={v}" for k, v in sorted(args.items()))


def _push(found: Job, args: dict[str, Any], delay: float) -> None:
    queue = Queue(found.queue, connection=redis())
    options = {"result_ttl": 0, "failure_ttl": 86400}
    payload = {"name": found.name, "args": args, "queued_at": time.time()}
    if delay:
        queue.enqueue_in(timedelta(seconds=delay), "app.core.background.run", kwargs=payload, **options)
    else:
        queue.enqueue_call(
            "app.core.background.run", kwargs=payload, timeout=found.timeout, result_ttl=0, failure_ttl=86400
        )


def run(name: str, args: dict[str, Any], queued_at: float = 0.0) -> None:
    """RQ's one entry point: binds log fields, drops the nudge marker, cleans the session."""
    from app.extensions import db  # the extension is bound by then

    found = find_job(name)
    redis().delete(_marker(name, args))
    with structlog.contextvars.bound_contextvars(job=name, job_id=uuid.uuid4().hex[:12]):
        started = time.perf_counter()
        # A library that never comes back to Python hears no timeout: then the process ends, and its successor goes on.
        if found.timeout > 0:
            faulthandler.dump_traceback_later(found.timeout + GRACE_SECONDS, exit=True)
        if queued_at:
            prometheus.job_wait.labels(found.queue).observe(max(0.0, time.time() - queued_at))
        try:
            found.call(**args)
        except Exception:
            prometheus.jobs_failed.labels(name).inc()
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
            db.session.remove()
            prometheus.job_seconds.labels(name).observe(time.perf_counter() - started)
        log.debug("job_done", seconds=round(time.perf_counter() - started, 3))


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """Less time than the job has left: TimedOut after it. Where no worker keeps time nothing is bounded."""
    if not callable(signal.getsignal(signal.SIGALRM)):
        yield
        return
    began, left = time.monotonic(), signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(max(1, int(left - (time.monotonic() - began))))


def waiting(queue: str) -> int:
    """How many jobs of that queue no worker has begun. Raises RedisError."""
    return int(redis().llen(f"rq:queue:{queue}"))


def request_shutdown() -> None:
    _stop.set()


def shutdown_requested() -> bool:
    """Long jobs and shifts poll this and end early; their row says what is left."""
    return _stop.is_set()


def reset_shutdown() -> None:
    _stop.clear()


def load_jobs(modules: list[str]) -> None:
    """Import the features' jobs rooms so that their names are known."""
    for module in modules:
        importlib.import_module(module)
