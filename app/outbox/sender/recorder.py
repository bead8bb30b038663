"""Results into the database: small batches, in order, retried until they are in."""

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import structlog
from flask import Flask
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.config import SendTimings
from app.core import prometheus
from app.core.context import acting, system
from app.core.db import release
from app.outbox.service import answers
from app.outbox.service.results import Result, record

log = structlog.get_logger(__name__)

GATHER = 0.01
LARGEST = 200


class Recorder:
    """One thread. A result is never dropped while the process lives: a database that is away is waited for."""

    def __init__(self, app: Flask, done: Callable[[Result], None], timings: SendTimings) -> None:
        self._app, self._done, self._timings = app, done, timings
        self._queue: queue.Queue[Result] = queue.Queue()
        self._unsaved = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def put(self, result: Result) -> None:
        with self._lock:
            self._unsaved += 1
        self._queue.put(result)

    def is_idle(self) -> bool:
        with self._lock:
            return self._unsaved == 0

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            deadline = time.monotonic() + GATHER
            while len(batch) < LARGEST and (left := deadline - time.monotonic()) > 0:
                try:
                    batch.append(self._queue.get(timeout=left))
                except queue.Empty:
                    break
            self._save_all(batch)

    def _save_all(self, batch: list[Result]) -> None:
        tenants = defaultdict(list)
        for result in batch:
            tenants[result.tenant_id].append(result)
        for results in tenants.values():
            self._save(results)
            answers.note(results)
            for result in results:
                prometheus.sends.labels(result.outcome).inc()
                self._done(result)
        with self._lock:
            self._unsaved -= len(batch)

    def _save(self, results: list[Result]) -> None:
        """What cannot be written whatever we do is written alone, so that it costs nobody else their result; its row
        then runs out of its lease and waits to be verified."""
        try:
            self._write(results)
        except Exception:
            log.exception("record_refused", messages=[str(result.message_id) for result in results])
            if len(results) > 1:
                for result in results:
                    self._save([result])

    def _write(self, results: list[Result]) -> None:
        pause = 0.05
        while True:
            try:
                with self._app.app_context(), acting(system(results[0].tenant_id)):
                    try:
                        record(results, probe_after=self._timings.probe_after, settle=self._timings.verify_settle)
                    finally:
                        release()
                return
            except (DBAPIError, PoolTimeout) as exc:
                if not _passes(exc):
                    raise
                log.warning("record_waits", results=len(results), exc_info=True)
                time.sleep(pause)
                pause = min(pause * 2, 2.0)


def _passes(exc: DBAPIError | PoolTimeout) -> bool:
    """Whether the same statement may work later: the server is away, or two transactions met in a circle."""
    return isinstance(exc, OperationalError | InterfaceError | PoolTimeout) or exc.connection_invalidated
