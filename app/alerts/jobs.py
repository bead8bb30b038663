"""The watch, once a minute."""

import contextlib
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
import structlog
from flask import current_app
from redis.exceptions import RedisError

from app.accounts.queries import list_tenants
from app.alerts import figures, rules, service
from app.alerts.rules import Server
from app.core import background, backup_state, clock
from app.core.background import job
from app.core.retention import every_tenant, purge
from app.outbox.service.answers import of_last_minutes

log = structlog.get_logger(__name__)

SAMPLES, SAMPLES_KEPT = "alerts:samples", 24 * 60
CERTIFICATE, CERTIFICATE_SECONDS = "alerts:certificate", 3600
OLD = "resolved_at < now() - interval '90 days'"


@job("alerts.watch", every=60, timeout=120)
def watch() -> None:
    """What is wrong with the machine is told to the company that was there first: the operator's."""
    of_server = rules.of_server(look())
    operator = min(list_tenants(), default=None)
    for tenant_id in every_tenant():
        try:
            service.watch(of_server if tenant_id == operator else ())
        except Exception:
            log.exception("watch_failed", tenant_id=str(tenant_id))


@job("alerts.purge", every=24 * 3600)
def purge_old() -> None:
    for _tenant_id in every_tenant():
        purge("alerts", OLD)


def look() -> Server:
    """Also keeps a sample, for the charts of the health page; Redis may lose them."""
    now, machine = figures.read(), figures.machine()
    known = backup_state.read(current_app.extensions["recado"].data_dir)
    age = backup_state.age_of(known.get("backup"), clock.now())
    drill = known.get("drill") or {}
    _keep_sample(now, machine)
    answers = of_last_minutes()
    is_enough = answers.calls >= rules.ENOUGH
    return Server(
        cpu=machine.cpu,
        memory=machine.memory,
        disk_free=machine.disk_free,
        inbound_lag=now.one("inbound_lag_seconds"),
        waiting={name: int(count) for name, count in now.values.get("jobs_waiting", {}).items()},
        # Never one made: `recado doctor` says so; a trial would be alarmed from its second hour on.
        backup_hours=age.total_seconds() / 3600 if age else None,
        drill_error=str(drill.get("error", "")) if drill and not drill.get("ok") else "",
        certificate_days=_certificate_days(),
        has_strays=bool(now.total("default_partition")),
        answer_seconds=answers.seconds if is_enough else 0.0,
        unreached=answers.unreached / answers.calls if is_enough else 0.0,
    )


def _keep_sample(now: figures.Now, machine: figures.Machine) -> None:
    sample = {
        "at": clock.now().isoformat(),
        "cpu": round(machine.cpu, 3),
        "memory": round(machine.memory, 3),
        "queued": now.one("outbox_messages", "queued"),
        "lateness": round(now.one("send_lateness_seconds"), 1),
        "inbound": now.one("inbound_pending"),
    }
    with contextlib.suppress(RedisError):
        background.redis().lpush(SAMPLES, orjson.dumps(sample))
        background.redis().ltrim(SAMPLES, 0, SAMPLES_KEPT - 1)


def _certificate_days() -> int | None:
    """Looked at once an hour; None where there is none, or nobody answers."""
    parts = urlsplit(current_app.extensions["recado"].public_url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    with contextlib.suppress(RedisError):
        if (kept := background.redis().get(CERTIFICATE)) is not None:
            return int(kept) if kept else None
    days = _days_left(parts.hostname, parts.port or 443)
    with contextlib.suppress(RedisError):
        background.redis().set(CERTIFICATE, "" if days is None else days, ex=CERTIFICATE_SECONDS)
    return days


def _days_left(host: str, port: int) -> int | None:
    try:
        line = socket.create_connection((host, port), timeout=10)
        with line, ssl.create_default_context().wrap_socket(line, server_hostname=host) as secure:
            ends = str((secure.getpeercert() or {}).get("notAfter"))
    except ssl.SSLCertVerificationError as error:
        return 0 if "expired" in str(error) else None
    except OSError:
        return None
    return (datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - clock.now()).days
