"""The one process that knows what time it is: due entries of the schedule, and jobs enqueued for later."""

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import psycopg2
from psycopg2.extensions import connection as Connection
from redis import Redis
from redis.exceptions import RedisError
from rq.scheduler import RQScheduler

log = logging.getLogger(__name__)

# Any number, as long as it is always the same one.
LOCK = 7_205_011
TICK_SECONDS = 0.5
RETRY_SECONDS = 3.0
REFRESH_TICKS = 60


class Leadership:
    """A session-level advisory lock: whoever holds it is the one cron. It goes away with its connection."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url.replace("postgresql+psycopg2://", "postgresql://", 1)
        self._connection: Connection | None = None
        self._leads = False

    def held(self) -> bool:
        """Whether this process leads now; tries to take the lead when nobody has it."""
        try:
            if self._connection is None:
                self._connection = psycopg2.connect(self.database_url, connect_timeout=5)
                self._connection.autocommit = True
            self._leads = self._ask("SELECT true" if self._leads else f"SELECT pg_try_advisory_lock({LOCK})")
        except psycopg2.Error as error:
            log.warning("cron: %s", str(error).strip())
            self.release()
        return self._leads

    def release(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
        self._connection, self._leads = None, False

    def _ask(self, statement: str) -> bool:
        assert self._connection is not None
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return bool(cursor.fetchone()[0])


@dataclass
class Clockwork:
    """`nudge(name, window)` enqueues a job unless one like it already waits."""

    redis: Redis
    schedule: Iterable[tuple[str, float]]
    nudge: Callable[[str, float], None]
    _last: dict[str, float] = field(default_factory=dict)

    def fire_due(self) -> list[str]:
        """Enqueue what is due. Redis remembers the last time, so a restart repeats nothing."""
        due = [(name, every) for name, every in self.schedule if self._claim(name, every)]
        for name, every in due:
            # A marker that its job never dropped (killed) must not silence the next turns for long.
            self.nudge(name, every / 10)
        return [name for name, _every in due]

    def _claim(self, name: str, every: float) -> bool:
        """Redis keeps its times by the server's clock: where that went back a mark would last longer by as much, so
        after half a turn too many our own, which never jumps, counts."""
        last = self._last.setdefault(name, time.monotonic())
        overdue = time.monotonic() - last > every * 1.5 + 1
        turn = max(int(every * 1000) - 50, 50)
        if not self.redis.set(f"cron:{name}", 1, nx=not overdue, px=turn):
            return False
        self._last[name] = time.monotonic()
        return True


def run(database_url: str, clockwork: Clockwork, queues: Iterable[str]) -> None:
    """Until SIGTERM or SIGINT."""
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda _number, _frame: stop.set())
    leadership = Leadership(database_url)
    # The name is fixed, so that after kill -9 the successor takes the locks over at once.
    later = RQScheduler(list(queues), connection=clockwork.redis, interval=1, name="recado-cron")
    ticks = 0
    while not stop.is_set():
        leads = leadership.held()
        if leads:
            _tick(clockwork, later, refresh=ticks % REFRESH_TICKS == 0)
            ticks += 1
        stop.wait(TICK_SECONDS if leads else RETRY_SECONDS)
    leadership.release()


def _tick(clockwork: Clockwork, later: RQScheduler, *, refresh: bool) -> None:
    try:
        if refresh:
            later.acquire_locks()
        later.enqueue_scheduled_jobs()
        clockwork.fire_due()
    except RedisError as error:
        log.warning("cron: %s", error)
