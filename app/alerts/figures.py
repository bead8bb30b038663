"""The figures of the whole server at this moment: for Prometheus, the health page and the alerts."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
from flask import current_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import background, backup_state, clock
from app.extensions import db

_FIGURES = text("SELECT name, label, value FROM system_figures()")
_HELP = {
    "outbox_messages": ("Messages in the send queue", "state"),
    "outbox_held": ("Messages that wait for a person", "reason"),
    "send_lateness_seconds": ("The longest that a message which may go has waited past its pace", ""),
    "inbound_pending": ("Events of gateways not yet read", ""),
    "inbound_lag_seconds": ("Age of the oldest of them", ""),
    "dead_letters": ("What failed for good", "kind"),
    "instances": ("WhatsApp numbers", "status"),
    "instances_on_hold": ("Numbers that rest until a probe finds them well", "reason"),
    "messages_today": ("Messages of this day", "outcome"),
    "default_partition": ("1: rows outside the months that were foreseen", "table"),
    "database_bytes": ("Size of the database", ""),
    "database_connections": ("Connections to the database", ""),
    "jobs_waiting": ("Jobs in Redis", "queue"),
    "voice_usd_this_month": ("What speaking cost since the first", "provider"),
    "voice_requests_this_month": ("Audios asked for since the first: there already, or made", "source"),
    "backup_age_seconds": ("Age of the newest backup", ""),
    "restore_drill_ok": ("1: the last drill restored everything", ""),
}


@dataclass(frozen=True)
class Now:
    """`values`: by name, then by label."""

    values: dict[str, dict[str, float]] = field(default_factory=dict)

    def one(self, name: str, label: str = "", default: float = 0.0) -> float:
        return self.values.get(name, {}).get(label, default)

    def total(self, name: str) -> float:
        return sum(self.values.get(name, {}).values())


def read() -> Now:
    """What cannot be asked is left out: a figure that is missing is an alarm of its own."""
    found: dict[str, dict[str, float]] = {}
    try:
        with db.engine.connect() as connection:
            for name, label, value in connection.execute(_FIGURES):
                found.setdefault(name, {})[label] = value
    except SQLAlchemyError:
        current_app.logger.warning("figures without the database", exc_info=True)
    try:
        lengths = {name: float(background.waiting(name)) for name in background.QUEUES}
        found["jobs_waiting"] = lengths
    except RedisError:
        current_app.logger.warning("figures without Redis", exc_info=True)
    return Now(found | _backups())


def _backups() -> dict[str, dict[str, float]]:
    known = backup_state.read(current_app.extensions["recado"].data_dir)
    found = {}
    if age := backup_state.age_of(known.get("backup"), clock.now()):
        found["backup_age_seconds"] = {"": age.total_seconds()}
    if drill := known.get("drill"):
        found["restore_drill_ok"] = {"": float(bool(drill.get("ok")))}
    return found


class Figures(Collector):
    """Asked anew at every scrape, by whichever process is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, values in read().values.items():
            words, label = _HELP[name]
            family = GaugeMetricFamily(f"recado_{name}", words, labels=[label] if label else None)
            for key, value in values.items():
                family.add_metric([key] if label else [], value)
            yield family


@dataclass(frozen=True)
class Machine:
    """Shares between 0 and 1."""

    cpu: float
    memory: float
    disk_free: float


def machine() -> Machine:
    """The load of the last five minutes, per core."""
    disk = shutil.disk_usage(current_app.extensions["recado"].data_dir)
    load = psutil.getloadavg()[1] / (psutil.cpu_count() or 1)
    return Machine(min(load, 1.0), psutil.virtual_memory().percent / 100, disk.free / disk.total)
