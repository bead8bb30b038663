"""Results into the database: small batches, in order, retried until they are in."""

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.core.context import acting, system
from app.core.db import release
from app.outbox.service.results import Result, record

log = structlog.get_logger(__name__)

GATHER = 0.01
LARGEST = 200


class Recorder:
    """One thread. A result is never dropped while the process lives: a database that is away is waited for."""

    def __init__(self, app: Flask, done: Callable[[Result], None], *, probe_in: float, settle: float) -> None:
        self._app, self._done = app, done
        self._probe_in, self._settle = probe_in, settle
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
            for result in results:
                self._done(result)
        with self._lock:
            self._unsaved -= len(batch)

    def _save(self, results: list[Result]) -> None:
        pause = 0.1
        while True:
            try:
                with self._app.app_context(), acting(system(results[0].tenant_id)):
                    try:
                        record(results, probe_in=self._probe_in, settle=self._settle)
                    finally:
                        release()
                return
            except SQLAlchemyError:
                log.warning("record_failed", results=len(results), exc_info=True)
                time.sleep(pause)
                pause = min(pause * 2, 2.0)
