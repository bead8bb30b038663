"""Probes: is a held number well again? And, after an unknown outcome, what does the gateway remember?"""

import threading
import uuid
from concurrent.futures import Executor
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask
from sqlalchemy.engine import Row

from app.config import SendTimings
from app.core import clock
from app.core.context import acting, system
from app.core.db import release
from app.gateways import gateway_for
from app.gateways.errors import GatewayError
from app.gateways.port import Credentials, Echo, Gateway
from app.instances.rules import credentials_of
from app.outbox import rules
from app.outbox.service import evidence, holds

log = structlog.get_logger(__name__)

LOOK_BACK = timedelta(minutes=2)


class Prober:
    def __init__(self, app: Flask, timings: SendTimings, pool: Executor) -> None:
        self._app, self._timings, self._pool = app, timings, pool
        self._running: set[uuid.UUID] = set()
        self._lock = threading.Lock()

    def is_busy(self) -> bool:
        with self._lock:
            return bool(self._running)

    def start(self, row: Row[Any]) -> None:
        with self._lock:
            if row.instance_id in self._running:
                return
            self._running.add(row.instance_id)
        try:
            self._pool.submit(self._run, row)
        except RuntimeError:  # the process is leaving
            with self._lock:
                self._running.discard(row.instance_id)

    def _run(self, row: Row[Any]) -> None:
        try:
            with self._app.app_context(), acting(system(row.tenant_id)):
                self._probe(row)
        except Exception:
            log.exception("probe_crashed", instance_id=str(row.instance_id))
        finally:
            with self._lock:
                self._running.discard(row.instance_id)

    def _probe(self, row: Row[Any]) -> None:
        """Ask the gateway with no connection held; release the number only when it is well and was searched."""
        wait = rules.probe_delay(row.tries, self._timings.probe_after)
        evidence.bind(row.instance_id)  # echoes that came may settle it, whether the gateway answers now or not
        release()
        try:
            creds = credentials_of(row.external_name, row.credentials)
            gateway = gateway_for(row.provider, read_seconds=self._timings.http_timeout)
            state = gateway.state(creds)
        except (GatewayError, ValueError) as exc:
            self._still_ill(row, getattr(exc, "code", "credentials"), str(exc), wait)
            return
        if state != "open":
            self._still_ill(row, "disconnected", state, wait)
            return
        if evidence.is_on_the_wire(row.instance_id):
            # Nothing new goes meanwhile, so this is soon over: each call has its timeout.
            holds.postpone(row.instance_id, self._timings.sweep)
        elif self._search(row.instance_id, gateway, creds):
            holds.release(row.instance_id)
        else:
            holds.postpone(row.instance_id, wait)
        release()

    def _still_ill(self, row: Row[Any], code: str, detail: str, wait: float) -> None:
        if row.hold == "verify":
            holds.postpone(row.instance_id, wait)
        else:
            holds.change(row.instance_id, code, detail, probe_in=wait)
        release()

    def _search(self, instance_id: uuid.UUID, gateway: Gateway, creds: Credentials) -> bool:
        """Bind what the gateway's own memory proves. False: ask again later."""
        since = evidence.oldest_unconfirmed(instance_id)
        release()
        if since is None:
            return True
        began = clock.now()
        try:
            found = gateway.find_messages(creds, since - LOOK_BACK, clock.now() + LOOK_BACK)
        except GatewayError as exc:
            log.warning("search_failed", instance_id=str(instance_id), code=exc.code)
            return False
        evidence.bind(instance_id, [as_echo(echo) for echo in found if echo.from_me])
        evidence.mark_searched(instance_id, began)
        return True


def as_echo(echo: Echo) -> dict[str, Any]:
    return {
        "external_id": echo.external_id,
        "jid": echo.jid,
        "type": echo.type,
        "text": echo.caption or echo.text,
        "file_name": echo.file_name,
        "at": echo.at,
        "source": echo.source,
    }
